/** A result counts only where the peer has signed the same bytes under the same agreement. */
import { expect, test } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { Channel } from '../../src/channel/channel.ts';
import type { JobContext } from '../../src/jobs/role.ts';
import { settle, signerOf } from '../../src/jobs/settlement.ts';
import { keyOf } from '../support/jobs.ts';
import { memoryPair } from '../support/memory-pair.ts';

type Name = 'bank' | 'telco';

async function both(change: {
  readonly results?: readonly [string, string];
  readonly agreements?: readonly [string, string];
  readonly key?: 'mallory';
}) {
  const transports = memoryPair();
  const context = (own: Name, peer: Name, place: 0 | 1): JobContext =>
    ({
      party: { channel: new Channel(transports[place], { timeoutMs: 2_000 }) },
      agreementSha256: change.agreements?.[place] ?? 'the same',
      own: { party: own },
      peer,
      signer: signerOf(
        place === 1 && change.key ? keyOf.mallory.privateKey : keyOf[own].privateKey,
        keyOf[peer].publicKey,
      ),
    }) as unknown as JobContext;
  const results = change.results ?? ['one result', 'one result'];
  return await Promise.allSettled([
    settle(context('bank', 'telco', 0), utf8(results[0])),
    settle(context('telco', 'bank', 1), utf8(results[1])),
  ]);
}

test('the same result under the same agreement is signed by both', async () => {
  const [bank, telco] = await both({});
  if (bank.status !== 'fulfilled' || telco.status !== 'fulfilled') throw new Error('not settled');
  expect(bank.value.own).toEqual(telco.value.peer);
  expect(bank.value.peer).toEqual(telco.value.own);
});

test.each([
  ['another result', { results: ['one', 'other'] }],
  ['another agreement', { agreements: ['one', 'other'] }],
  ["another's key", { key: 'mallory' }],
] as const)('a signature under %s is refused', async (_, change) => {
  const [bank] = await both(change);
  expect(bank).toMatchObject({ status: 'rejected', reason: { code: 'verification-failed' } });
});
