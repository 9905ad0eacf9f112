/**
 * `npm run bench -- <subject>|all [--json] [--quick] [--only <regular expression>]`: measures a subject and prints its
 * rows. `--only` is for subjects that take minutes, and chooses by titles or sizes of what they measure.
 */
import { parseArgs } from 'node:util';
import { isMet, machine, type Row, type Subject } from './harness.ts';
import { subjects } from './subjects.ts';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
  },
});

function print(row: Row, where: string): void {
  if (flags.json) {
    const met = isMet(row);
    console.log(JSON.stringify({ ...row, ...(met === undefined ? {} : { met }), machine: where }));
    return;
  }
  const value = `${Number(row.value.toPrecision(4))} ${row.unit}`;
  const against =
    row.baseline === undefined
      ? ''
      : `  ${Number((row.ratio ?? Number.NaN).toPrecision(3))} x ${row.baseline.name} (${Number(row.baseline.value.toPrecision(4))} ${row.unit})`;
  console.log(`${row.name.padEnd(64)} ${value.padStart(20)}${against}`);
}

async function measure(subject: Subject): Promise<boolean> {
  const where = machine();
  if (!flags.json) console.log(`# ${where}`);
  let [rows, met] = [0, true];
  for await (const row of subject({ quick: flags.quick, only: new RegExp(flags.only) })) {
    print(row, where);
    rows += 1;
    for (const [key, value] of Object.entries({ value: row.value, ratio: row.ratio ?? 0 })) {
      if (!Number.isFinite(value)) throw new Error(`not a number: ${key} of ${row.name}`);
    }
    met &&= isMet(row) !== false;
  }
  if (rows === 0) throw new Error(`no row was measured${flags.only && `: --only ${flags.only}`}`);
  return met;
}

const [name = ''] = positionals;
const chosen = name === 'all' ? Object.keys(subjects) : [name];
for (const one of chosen) {
  const load = subjects[one];
  if (load === undefined) {
    console.error(`no subject '${one}'; there are: all, ${Object.keys(subjects).join(', ')}`);
    process.exitCode = 2;
    continue;
  }
  if (name === 'all') console.error(`== ${one}`);
  // A goal that is missed ends with 1, and the row says by how much.
  if (!(await measure(await load()))) process.exitCode = 1;
}
