/** Two workers exchange the heads of their audit logs: a log that was put back is seen by both. */
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { JobState } from '../../../src/gen/sotto/job/v1/job_pb.ts';
import type { Entry } from '../../../src/jobs/audit/entries.ts';
import { alignSpec } from '../../support/jobs.ts';
import { type Name, openPair, type Pair, reaches } from '../../support/workers.ts';

const entriesOf = (pair: Pair, name: Name): Entry[] =>
  readFileSync(join(pair.folder, name, 'audit.log'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Entry);

const eventsOf = (pair: Pair, name: Name): string[] =>
  entriesOf(pair, name).map(({ event }) => event);

async function run(pair: Pair): Promise<string> {
  const { id } = await pair.bank.submit(alignSpec(), '', 'ada');
  for (const worker of [pair.bank, pair.telco]) {
    expect((await reaches(worker, id)).state).toBe(JobState.SUCCEEDED);
  }
  return id;
}

test('a job leaves its story in both logs: who asked, what was agreed, how it ended', async () => {
  await using pair = await openPair();
  const id = await run(pair);
  await pair.bank.artifact(id, 'aligned.csv', 'bob');
  expect(eventsOf(pair, 'bank')).toEqual([
    'worker-started',
    'asked',
    'agreed',
    'heads-exchanged',
    'ended',
    'asked',
  ]);
  expect(eventsOf(pair, 'telco')).toEqual(['worker-started', 'agreed', 'heads-exchanged', 'ended']);
  const [bank, telco] = [entriesOf(pair, 'bank'), entriesOf(pair, 'telco')];
  expect(bank[1]).toMatchObject({ verb: 'submit', by: 'ada', subject: id });
  expect(bank[2]!.agreement).toBe(telco[1]!.agreement);
  expect(bank[3]!.peerHead).toBe(telco[2]!.ownHead);
  expect(bank[4]).toMatchObject({ state: 'SUCCEEDED', rows: 4, files: 2 });
  expect(bank[5]).toMatchObject({ verb: 'read-artifact', by: 'bob' });
});

test('no log holds an id of a customer', async () => {
  await using pair = await openPair();
  await run(pair);
  for (const name of ['bank', 'telco'] as const) {
    const text = readFileSync(join(pair.folder, name, 'audit.log'), 'utf8');
    for (let row = 0; row < 24; row++) expect(text).not.toContain(`"a${row}"`);
  }
});

test('a log that is put back to an older copy is noticed by both parties at the next job', async () => {
  await using pair = await openPair();
  await run(pair);
  const path = (file: string): string => join(pair.folder, 'telco', file);
  await pair.stop('telco');
  for (const file of ['audit.log', 'audit.head']) copyFileSync(path(file), path(`${file}.old`));
  await pair.start('telco');
  await run(pair);
  await run(pair);
  await run(pair);
  expect(eventsOf(pair, 'bank')).not.toContain('history-differs');
  await pair.stop('telco');
  for (const file of ['audit.log', 'audit.head']) copyFileSync(path(`${file}.old`), path(file));
  await pair.start('telco');
  await run(pair);
  const differs = (name: Name) =>
    entriesOf(pair, name).filter(({ event }) => event === 'history-differs');
  expect(differs('telco')).toMatchObject([{ whose: 'own', peer: 'bank', remembered: 4, found: 1 }]);
  expect(differs('bank')).toMatchObject([
    { whose: 'peer', peer: 'telco', remembered: 4, found: 1 },
  ]);
  expect(pair.events).toContainEqual({ event: 'history-differs', peer: 'bank', whose: 'own' });
});

test('a refused proposal is in the log of the party that refused it', async () => {
  await using pair = await openPair({
    telco: { change: (options) => ({ ...options, offers: [] }) },
  });
  const { id } = await pair.bank.submit(alignSpec(), '', 'ada');
  expect((await reaches(pair.bank, id)).state).toBe(JobState.FAILED);
  expect(entriesOf(pair, 'telco').at(-1)).toMatchObject({
    event: 'proposal-refused',
    peer: 'bank',
    code: 'parameters-rejected',
    field: 'spec.passive.dataset',
  });
});
