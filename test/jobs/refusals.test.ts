/**
 * Goal: a proposal that is wrong in any way begins nothing, and both sides can tell why.
 * Method: two workers that are configured differently; then proposals made by hand.
 */
import { expect, test } from 'vitest';
import { type AnswerMessage, Verdict } from '../../src/gen/sotto/job/v1/agreement_pb.ts';
import { JobState } from '../../src/gen/sotto/job/v1/job_pb.ts';
import { canonicalBytes, draftAgreement, signAgreement } from '../../src/jobs/agreement.ts';
import { sendProposal } from '../../src/jobs/handshake.ts';
import type { WorkerOptions } from '../../src/jobs/index.ts';
import { normaliseSpec } from '../../src/jobs/spec.ts';
import { alignSpec, keyOf, trainSpec } from '../support/jobs.ts';
import { arrives, errorOf, openPair, type Pair, reaches } from '../support/workers.ts';

const config = (change: Partial<WorkerOptions>) => ({
  change: (options: WorkerOptions): WorkerOptions => ({ ...options, ...change }),
});

async function refusedJob(pair: Pair, spec = alignSpec()) {
  const { id } = await pair.bank.submit(spec, '', 'ada');
  const ended = await reaches(pair.bank, id);
  expect((await pair.telco.list(0, '')).jobs).toEqual([]);
  return errorOf(ended);
}

const rejected = (field: string) => ({
  state: JobState.FAILED,
  code: 'parameters-rejected',
  field,
});

test('what the peer does not offer is refused at the peer, by field', async () => {
  await using pair = await openPair({ telco: config({ offers: [] }) });
  expect(await refusedJob(pair)).toEqual(rejected('spec.passive.dataset'));
});

test('a purpose that the peer does not admit is refused by field', async () => {
  await using pair = await openPair({
    telco: config({
      offers: [{ peer: 'bank', dataset: 'calls', columns: 'all', purposes: ['research'] }],
    }),
  });
  expect(await refusedJob(pair)).toEqual(rejected('spec.purpose'));
});

test('a column that the peer does not have is refused by field', async () => {
  await using pair = await openPair({
    bank: { files: { 'loans.csv': 'id,income,age,bad\na1,3,4,1\na2,4,4,0\n' } },
  });
  expect(await refusedJob(pair, trainSpec())).toEqual(rejected('spec.passive.columns[0].name'));
});

test('more rows than the peer admits are refused by field', async () => {
  await using pair = await openPair({ telco: { limits: { maxRows: 5 } } });
  expect(await refusedJob(pair)).toEqual(rejected('max_rows'));
});

test('ids that are normalised otherwise are refused by field', async () => {
  await using pair = await openPair({
    telco: {
      change: (options) => ({
        ...options,
        datasets: { calls: { ...options.datasets.calls!, idNormalization: ['trim'] } },
      }),
    },
  });
  expect(await refusedJob(pair)).toEqual(rejected('id_normalization'));
});

test('a proposal signed by another key is refused', async () => {
  await using pair = await openPair({
    bank: config({
      keys: { own: keyOf.mallory.privateKey, peers: { telco: keyOf.telco.publicKey } },
    }),
  });
  expect(await refusedJob(pair)).toEqual({
    state: JobState.FAILED,
    code: 'verification-failed',
    field: 'signature',
  });
});

test('an answer signed by another key is refused', async () => {
  await using pair = await openPair({
    telco: config({
      keys: { own: keyOf.mallory.privateKey, peers: { bank: keyOf.bank.publicKey } },
    }),
  });
  const { id } = await pair.bank.submit(alignSpec(), '', 'ada');
  expect(errorOf(await reaches(pair.bank, id)).code).toBe('verification-failed');
  expect((await reaches(pair.telco, id)).state).toBe(JobState.FAILED);
});

test.each<readonly [string, Parameters<typeof trainSpec>[0], string, string | undefined]>([
  [
    'an unknown dataset',
    { active: { party: 'bank', dataset: 'gone' } },
    'invalid-argument',
    'spec.active.dataset',
  ],
  [
    'a file that is not there',
    { active: { party: 'bank', dataset: 'other' } },
    'invalid-argument',
    undefined,
  ],
  [
    'an unknown peer',
    { passive: { party: 'shop', dataset: 'calls' } },
    'invalid-argument',
    undefined,
  ],
  [
    'a job of others',
    { active: { party: 'shop', dataset: 'calls' } },
    'invalid-argument',
    'spec.active.party',
  ],
  ['a purpose not offered', { purpose: 'marketing' }, 'permission-denied', 'spec.purpose'],
])('%s is refused where the job is submitted', async (_, change, code, field) => {
  await using pair = await openPair({
    bank: {
      change: (options) => ({
        ...options,
        datasets: { ...options.datasets, other: { path: '/gone.csv', idColumn: 'id' } },
      }),
    },
  });
  const submitted = pair.bank.submit(alignSpec(change), '', 'ada');
  await expect(submitted).rejects.toMatchObject({
    code,
    facts: field === undefined ? {} : { field },
  });
  expect((await pair.bank.list(0, '')).jobs).toEqual([]);
});

/** What telco answers to a proposal from bank's authenticated connection. */
async function answerTo(
  pair: Pair,
  init: { agreement: Uint8Array; signature?: Uint8Array; attempt?: number; withdraw?: boolean },
): Promise<AnswerMessage> {
  const transport = pair.network.connect('bank', pair.network.handlers.get('telco')!);
  const signature = signAgreement(init.agreement, 'bank', keyOf.bank.privateKey);
  const message = { attempt: 1, withdraw: false, signature, ...init };
  return sendProposal(transport, message, AbortSignal.timeout(5_000));
}

const proposalOf = (change: { jobId?: string; nowMs?: number; initiator?: string } = {}) =>
  canonicalBytes(
    draftAgreement({
      jobId: '00112233445566778899',
      spec: normaliseSpec(alignSpec()),
      initiator: 'bank',
      nowMs: Date.now(),
      seed: new Uint8Array(32).fill(1),
      idNormalization: ['trim', 'nfc'],
      maxRows: 1_000,
      ...change,
    }),
  );

test('unsigned, expired, premature and borrowed proposals are refused', async () => {
  await using pair = await openPair();
  const day = 86_400_000;
  const cases = [
    [await answerTo(pair, { agreement: proposalOf(), signature: new Uint8Array(0) }), 'signature'],
    [await answerTo(pair, { agreement: proposalOf({ nowMs: Date.now() - 2 * day }) }), 'not_after'],
    [await answerTo(pair, { agreement: proposalOf({ nowMs: Date.now() + day }) }), 'not_before'],
    [await answerTo(pair, { agreement: proposalOf({ initiator: 'telco' }) }), 'initiator'],
    [await answerTo(pair, { agreement: proposalOf({ jobId: '../../state' }) }), 'job_id'],
    [await answerTo(pair, { agreement: new Uint8Array(40) }), ''],
  ] as const;
  for (const [answer, field] of cases) {
    expect(answer.verdict).toBe(Verdict.REJECTED);
    expect(answer.field).toBe(field);
  }
  expect((await pair.telco.list(0, '')).jobs).toEqual([]);
});

test('a job id that was seen with other bytes is refused, and so is a job that has ended', async () => {
  await using pair = await openPair();
  const { id } = await pair.bank.submit(alignSpec(), '', 'ada');
  await reaches(pair.bank, id);
  await reaches(pair.telco, id);
  const replayed = await answerTo(pair, { agreement: proposalOf({ jobId: id }) });
  expect(replayed).toMatchObject({ code: 'parameters-rejected', field: 'job_id' });

  await using waiting = await openPair({ telco: config({ rules: [] }) });
  const agreement = proposalOf();
  expect((await answerTo(waiting, { agreement })).verdict).toBe(Verdict.AWAITING_APPROVAL);
  expect((await answerTo(waiting, { agreement })).verdict).toBe(Verdict.AWAITING_APPROVAL);
  const other = await answerTo(waiting, { agreement: proposalOf({ nowMs: Date.now() - 5_000 }) });
  expect(other).toMatchObject({ code: 'parameters-rejected', field: 'job_id' });
  expect((await answerTo(waiting, { agreement, withdraw: true })).code).toBe('cancelled');
  expect((await answerTo(waiting, { agreement, attempt: 2 })).code).toBe('cancelled');
});

test('an attempt that was made is not made again, but the next one is', async () => {
  await using pair = await openPair();
  const agreement = proposalOf();
  expect((await answerTo(pair, { agreement })).verdict).toBe(Verdict.ACCEPTED);
  await pair.network.cut();
  const { id } = await arrives(pair.telco);
  await reaches(pair.telco, id, [JobState.INTERRUPTED]);
  expect(await answerTo(pair, { agreement })).toMatchObject({
    verdict: Verdict.REJECTED,
    code: 'rollback-detected',
    field: 'attempt',
  });
  expect((await answerTo(pair, { agreement, attempt: 2 })).verdict).toBe(Verdict.ACCEPTED);
});

test('a peer that says nothing, or nonsense, harms no job', async () => {
  await using pair = await openPair();
  const handler = pair.network.handlers.get('telco')!;
  pair.network.connect('bank', handler);
  const nonsense = pair.network.connect('bank', handler);
  await nonsense.write(new Uint8Array(50).fill(200));
  const long = pair.network.connect('bank', handler);
  await long.write(new Uint8Array(1 << 20));
  expect(await long.read()).toBeUndefined();
  const { id } = await pair.bank.submit(alignSpec(), '', 'ada');
  expect((await reaches(pair.bank, id)).state).toBe(JobState.SUCCEEDED);
});
