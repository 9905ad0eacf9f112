/** The operating system's clock and coins: what a worker gets outside of tests. */
import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Random } from '../base/random.ts';
import { reasonOf } from './drive.ts';
import type { Clock } from './options.ts';

/** What a timer can count to, about 25 days. */
const LONGEST_SLEEP_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  async sleep(ms, signal) {
    try {
      await setTimeout(Math.min(ms, LONGEST_SLEEP_MS), undefined, { signal });
    } catch {
      throw reasonOf(signal);
    }
  },
};

export const systemRandom: Random = {
  // A copy: small buffers of node:crypto share one pool, and coins must have no second owner.
  bytes: (length) => Uint8Array.from(randomBytes(length)),
};
