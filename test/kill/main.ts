/** `npm run test:kill -- <subject> --times N [--json]`: kills processes where it hurts, and counts what survives. */
import { parseArgs } from 'node:util';
import { inOneFolder } from '../support/one-folder.ts';
import { killTagQuery } from './tag-query.ts';

inOneFolder();

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { times: { type: 'string', default: '25' }, json: { type: 'boolean', default: false } },
});
const [subject] = positionals;
const times = Number(values.times);

if (subject !== 'tag-query' || !Number.isInteger(times) || times < 1) {
  console.error('usage: test:kill tag-query --times <n> [--json]');
  process.exitCode = 2;
} else {
  const tally = await killTagQuery(times);
  if (values.json) console.log(JSON.stringify(tally));
  else console.table(tally);
  const holds =
    tally.kills === times &&
    tally.answers <= tally.debits &&
    tally.doubleCharges === 0 &&
    tally.hitBytes === tally.missBytes;
  process.exitCode = holds ? 0 : 1;
}
process.exit();
