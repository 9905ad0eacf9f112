/**
 * Goal: a job that is one step is done once; whoever has done it has its whole outcome, also alone.
 * Method: a role that counts how often it runs, over a journal on a disk that crashes between attempts.
 */
import { expect, test } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { Vault } from '../../src/base/sealed.ts';
import { Secret } from '../../src/base/secret.ts';
import { Journals } from '../../src/jobs/journal.ts';
import { inOneStep } from '../../src/jobs/kept.ts';
import { at, type JobContext, type JobRole, type Outcome } from '../../src/jobs/role.ts';
import { Steps } from '../../src/jobs/steps.ts';
import type { Progress } from '../../src/protocols/party.ts';
import { MemoryDisk } from '../support/memory-disk.ts';

const OUTCOME: Outcome = {
  result: { rows: 2, sizes: [1, { north: 0.5 }], note: '' },
  parameters: { group: 'ristretto255' },
  artifacts: {
    'selected.csv': utf8('id,telco.region\r\n"a ""b""",zürich\n😀,\n'),
    'empty.csv': new Uint8Array(0),
  },
};

/** The job's attempts at one party, one after another. */
class Attempts {
  readonly #journals: Journals;
  readonly disk = new MemoryDisk();
  /** How often the role was run. */
  runs = 0;
  readonly #role: JobRole;

  constructor(outcome: () => Outcome) {
    this.#journals = new Journals(this.disk, new Vault(new Secret(new Uint8Array(32))), 'journals');
    const counted = async function* (this: Attempts) {
      this.runs += 1;
      yield at('read ids', 0.5);
      return outcome();
    };
    this.#role = inOneStep('select', counted.bind(this));
  }

  /** With a peer that has as many steps as `common`, or with nobody. */
  async run(attempt: number, { common, alone = false }: { common: number; alone?: boolean }) {
    await using journal = await this.#journals.open('job', utf8('an agreement'));
    const epoch = alone ? undefined : { attempt, id: new Uint8Array(32).fill(attempt) };
    const steps = new Steps(journal, epoch, common);
    const seen: Progress[] = [];
    const run = this.#role({ steps } as JobContext);
    let next = await run.next();
    for (; next.done !== true; next = await run.next()) seen.push(next.value);
    return { outcome: next.value, seen };
  }
}

test('what was done in one step is given back whole after a crash, and not done again', async () => {
  const attempts = new Attempts(() => OUTCOME);
  const first = await attempts.run(1, { common: 0 });
  expect(first.seen).toEqual([at('read ids', 0.5)]);
  expect(first.outcome).toEqual(OUTCOME);
  attempts.disk.crash();
  const again = await attempts.run(2, { common: 1 });
  expect(again.seen).toEqual([]);
  expect(again.outcome).toEqual(OUTCOME);
  expect(await attempts.run(3, { common: 1, alone: true })).toMatchObject({ outcome: OUTCOME });
  expect(attempts.runs).toBe(1);
});

test('a step that the peer has not is done again, and its new outcome takes the place of the old', async () => {
  let attempt = 0;
  const attempts = new Attempts(() => ({ ...OUTCOME, result: { attempt: ++attempt } }));
  await attempts.run(1, { common: 0 });
  const again = await attempts.run(2, { common: 0 });
  expect(again.outcome.result).toEqual({ attempt: 2 });
  attempts.disk.crash();
  expect((await attempts.run(3, { common: 1 })).outcome.result).toEqual({ attempt: 2 });
  expect(attempts.runs).toBe(2);
});

test('a step that failed has left nothing, and nobody does it alone', async () => {
  let fails = true;
  const attempts = new Attempts(() => {
    if (fails) throw new Error('cut');
    return OUTCOME;
  });
  await expect(attempts.run(1, { common: 0 })).rejects.toThrow('cut');
  await expect(attempts.run(2, { common: 0, alone: true })).rejects.toMatchObject({
    code: 'rollback-detected',
  });
  fails = false;
  expect((await attempts.run(2, { common: 0 })).outcome).toEqual(OUTCOME);
  expect(attempts.runs).toBe(2);
});
