/** `npm run bench -- <subject> [--json] [--quick] [--only <regular expression>]`: measures a subject and prints its rows. */
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
  let met = true;
  for await (const row of subject({ quick: flags.quick, only: new RegExp(flags.only) })) {
    print(row, where);
    met &&= isMet(row) !== false;
  }
  return met;
}

const [name = ''] = positionals;
const load = subjects[name];
if (load === undefined) {
  console.error(`no subject '${name}'; there are: ${Object.keys(subjects).join(', ')}`);
  process.exitCode = 2;
} else if (!(await measure(await load()))) {
  process.exitCode = 1; // a goal was missed, and the row says by how much
}
