/** `npm run test:views`: what each party heard in whole jobs, held against the tables of PROTOCOLS.md. */
import { parseArgs } from 'node:util';
import { inOneFolder } from '../support/one-folder.ts';
import { watchJobs } from './jobs.ts';

inOneFolder();

const { values: flags } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
for await (const { protocol, party, messages, bytes, unlisted } of watchJobs()) {
  if (unlisted.length > 0) process.exitCode = 1;
  if (flags.json) console.log(JSON.stringify({ protocol, party, messages, bytes, unlisted }));
  else {
    const verdict = unlisted.length === 0 ? 'all listed' : `NOT LISTED: ${unlisted.join(', ')}`;
    console.log(
      `${protocol.padEnd(8)} ${party.padEnd(6)} ${messages} messages, ${bytes} bytes: ${verdict}`,
    );
  }
}
