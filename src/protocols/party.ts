/** All that a protocol role may touch besides its own input. With these fixed, a run is a pure function. */

import type { Random } from '../base/random.ts';
import type { Channel } from '../channel/channel.ts';
import type { Compute } from '../compute/compute.ts';

export interface Party {
  readonly channel: Channel;
  readonly compute: Compute;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/** What a role reports at a safe point, by `yield`: how far it is. Units of work, not rows of anybody. */
export interface Progress {
  readonly phase: string;
  /** 0..1 of this phase. */
  readonly fraction: number;
  /** Phase-specific numbers for the operator, e.g. `{ pass: 3, passes: 12 }`; never data. */
  readonly facts?: Readonly<Record<string, number>>;
}

/**
 * A run of many steps: each `yield` is a safe point (progress, checkpoint, pause, cancel are that
 * one concept); the return value is the result.
 */
export type Run<T> = AsyncGenerator<Progress, T, void>;
