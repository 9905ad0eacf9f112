/** Goal: a job that was proposed and never begun ends by itself, and one that has ended is waited for by nobody. */
import { expect, test } from 'vitest';
import { JobState } from '../../src/gen/sotto/job/v1/job_pb.ts';
import { type Clock, systemClock } from '../../src/jobs/index.ts';
import { alignSpec } from '../support/jobs.ts';
import { arrives, errorOf, openPair, reaches } from '../support/workers.ts';

/** The system's, which says who sleeps. */
class WatchedClock implements Clock {
  readonly asleep = new Set<number>();
  #sleeps = 0;
  #ahead = 0;
  #passed = 0;
  #wake = new AbortController();

  now(): number {
    return systemClock.now() + this.#ahead;
  }

  elapsed(): number {
    return systemClock.elapsed() + this.#passed;
  }

  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    const sleep = ++this.#sleeps;
    this.asleep.add(sleep);
    const { signal: woken } = this.#wake;
    try {
      await systemClock.sleep(ms, AbortSignal.any([signal, woken]));
    } catch (thrown) {
      if (signal.aborted || !woken.aborted) throw thrown;
    } finally {
      this.asleep.delete(sleep);
    }
  }

  /** So much later at once, for all who sleep. */
  leap(ms: number): void {
    this.#passed += ms;
    this.set(ms);
  }

  /** Somebody sets the date so far forward, or back. */
  set(ms: number): void {
    this.#ahead += ms;
    this.#wake.abort();
    this.#wake = new AbortController();
  }
}

test('nobody waits for a job that has ended, however long its agreement is valid', async () => {
  const clock = new WatchedClock();
  await using pair = await openPair({ telco: { change: (options) => ({ ...options, clock }) } });
  for (const validForSeconds of [7_200, 7_201, 7_202]) {
    const { id } = await pair.bank.submit(alignSpec({ validForSeconds }), '', 'ada');
    await reaches(pair.bank, id);
    expect((await reaches(pair.telco, id)).state).toBe(JobState.SUCCEEDED);
  }
  await expect.poll(() => clock.asleep.size).toBe(0);
});

test('a job that nobody approves ends when its agreement does', async () => {
  const clock = new WatchedClock();
  await using pair = await openPair({
    telco: { change: (options) => ({ ...options, clock, rules: [] }) },
  });
  const { id } = await pair.bank.submit(alignSpec({ validForSeconds: 7_200 }), '', 'ada');
  expect((await arrives(pair.telco)).state).toBe(JobState.AWAITING_APPROVAL);
  expect(clock.asleep.size).toBe(1);
  clock.leap(7_200_000);
  expect(errorOf(await reaches(pair.telco, id)).code).toBe('deadline-exceeded');
  await expect.poll(() => clock.asleep.size).toBe(0);
});

test('a job whose proposer does not begin anew ends once it has been silent for too long', async () => {
  const clock = new WatchedClock();
  await using pair = await openPair({
    telco: {
      change: (options) => ({ ...options, clock }),
      limits: { unavailableAfterMs: 3_600_000 },
    },
  });
  pair.network.wrap = (transport) => ({
    ...transport,
    read: async () => {
      const frame = await transport.read();
      pair.network.down = true;
      await pair.network.cut();
      return frame;
    },
  });
  await pair.bank.submit(alignSpec(), '', 'ada');
  const { id } = await arrives(pair.telco);
  await reaches(pair.telco, id, [JobState.INTERRUPTED]);
  clock.leap(3_600_000);
  expect(errorOf(await reaches(pair.telco, id)).code).toBe('peer-unavailable');
  await expect.poll(() => clock.asleep.size).toBe(0);
});

const HOUR_MS = 3_600_000;

test.each([
  ['an hour forward', HOUR_MS, ['bank', 'telco']],
  ['an hour forward at the proposer', HOUR_MS, ['bank']],
  ['an hour forward at its peer', HOUR_MS, ['telco']],
  ['an hour back', -HOUR_MS, ['bank', 'telco']],
  ['an hour back at its peer', -HOUR_MS, ['telco']],
] as const)('clocks set %s while a job is cut change nothing', async (_, ms, whose) => {
  const clocks = { bank: new WatchedClock(), telco: new WatchedClock() };
  await using pair = await openPair({
    bank: { change: (options) => ({ ...options, clock: clocks.bank }) },
    telco: { change: (options) => ({ ...options, clock: clocks.telco }) },
  });
  let isFirst = true;
  pair.network.wrap = (transport) => ({
    ...transport,
    read: async () => {
      const frame = await transport.read();
      if (isFirst) {
        pair.network.down = true;
        await pair.network.cut();
      }
      isFirst = false;
      return frame;
    },
  });
  const { id } = await pair.bank.submit(alignSpec({ validForSeconds: 7_200 }), '', 'ada');
  await arrives(pair.telco);
  await reaches(pair.telco, id, [JobState.INTERRUPTED]);
  const tries = (): number =>
    pair.events.filter(({ event }) => event === 'peer-unreachable').length;
  await expect.poll(tries).toBeGreaterThan(2); // by now it is known since when
  for (const name of whose) clocks[name].set(ms);
  const before = tries();
  await expect.poll(tries).toBeGreaterThan(before + 1);
  await expect.poll(() => clocks.telco.asleep.size).toBe(1); // still waited for
  pair.network.down = false;
  expect((await reaches(pair.bank, id)).state).toBe(JobState.SUCCEEDED);
  expect((await reaches(pair.telco, id)).state).toBe(JobState.SUCCEEDED);
});
