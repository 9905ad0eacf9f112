/**
 * `npm run test:load [-- --json] [--at-once 1000] [--queries 100]`: many tag queries at once, and a bank that asks
 * while another floods, over mutual TLS. Exits with 1 if an answer was wrong, late beyond the ratios, or missing.
 */
import { parseArgs } from 'node:util';
import { inOneFolder } from '../support/one-folder.ts';
import { loadRows, type Row } from './rows.ts';

inOneFolder();

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    'at-once': { type: 'string', default: '1000' },
    queries: { type: 'string', default: '100' },
  },
});
const sizes = { atOnce: Number(flags['at-once']), queries: Number(flags.queries) };
const rows: Row[] = [];
for await (const row of loadRows(sizes)) {
  rows.push(row);
  if (flags.json) console.log(JSON.stringify(row, (_, value) => rounded(value)));
}
if (!flags.json) console.table(rows);
if (rows.some(({ wrong, hung }) => wrong + hung > 0)) process.exitCode = 1;
// At once: while it frees what HTTP/2 left of broken connections, Node has been seen to spin for ever.
process.exit();

function rounded(value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toFixed(3)) : value;
}
