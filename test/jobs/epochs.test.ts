/** Goal: a step that was done twice is two steps. Method: two parties meet again and again over journals in memory. */
import { expect, test } from 'vitest';
import { toHex, utf8 } from '../../src/base/bytes.ts';
import type { Random } from '../../src/base/random.ts';
import { Vault } from '../../src/base/sealed.ts';
import { Secret } from '../../src/base/secret.ts';
import { Channel } from '../../src/channel/channel.ts';
import { type Journal, Journals } from '../../src/jobs/journal.ts';
import { resume } from '../../src/jobs/resume.ts';
import type { Steps } from '../../src/jobs/steps.ts';
import { MemoryDisk } from '../support/memory-disk.ts';
import { memoryPair } from '../support/memory-pair.ts';
import { seededRandom } from '../support/random.ts';

const openJournal = (): Promise<Journal> => {
  const vault = new Vault(new Secret(new Uint8Array(32).fill(1)));
  return new Journals(new MemoryDisk(), vault, 'journals').open('job', utf8('an agreement'));
};

type Two<T> = readonly [T, T];

/** What each party goes on with after an attempt's first messages. */
async function meet(journals: Two<Journal>, attempt: number, coins: Two<Random>) {
  const { signal } = new AbortController();
  const [here, there] = memoryPair().map(
    (transport) => new Channel(transport, { timeoutMs: 10_000, signal }),
  ) as [Channel, Channel];
  const [bank, telco] = coins;
  return (await Promise.all([
    resume(here, journals[0], { attempt, random: bank }),
    resume(there, journals[1], { attempt, random: telco }),
  ])) as Two<Steps>;
}

const lastOf = ({ steps }: Journal): string => toHex(steps.at(-1)!.chain);

test('a step that is done again is another step, and the same one at both parties', async () => {
  await using bank = await openJournal();
  await using telco = await openJournal();
  const coins = [seededRandom('bank'), seededRandom('telco')] as const;
  const chains: string[] = [];
  for (const attempt of [1, 1, 2]) {
    // The telco is cut off before it has kept its part of the step, but for the last time.
    const [ours, theirs] = await meet([bank, telco], attempt, coins);
    await ours.keep('pass', utf8('shares'));
    if (attempt === 2) await theirs.keep('pass', utf8('shares'));
    chains.push(lastOf(bank));
  }
  expect(new Set(chains).size).toBe(3);
  expect(lastOf(telco)).toBe(lastOf(bank));
});

test('other coins of either party make another epoch', async () => {
  const seeds = ['a', 'b', 'c'];
  const chains: string[] = [];
  for (const [own, theirs] of seeds.flatMap((own) => seeds.map((theirs) => [own, theirs]))) {
    await using bank = await openJournal();
    await using telco = await openJournal();
    const coins = [seededRandom(`bank ${own}`), seededRandom(`telco ${theirs}`)] as const;
    const [steps] = await meet([bank, telco], 1, coins);
    await steps.keep('pass', utf8('shares'));
    chains.push(lastOf(bank));
  }
  expect(new Set(chains).size).toBe(9);
});
