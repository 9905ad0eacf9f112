/** Base transfers without the group, and both ends of an extension of them. */
import { bitAt, KAPPA, otTasks } from '../../src/primitives/ot/index.ts';
import { SEED_BYTES } from '../../src/primitives/prg/index.ts';
import { seededRandom } from './random.ts';

export interface BaseKeys {
  readonly delta: Uint8Array;
  /** Both of each transfer. */
  readonly keys: Uint8Array;
  /** Those that `delta` chose. */
  readonly chosen: Uint8Array;
}

export function baseKeys(seed: string | number): BaseKeys {
  const random = seededRandom(`base ${seed}`);
  const delta = random.bytes(KAPPA / 8);
  const keys = random.bytes(2 * KAPPA * SEED_BYTES);
  const chosen = new Uint8Array(KAPPA * SEED_BYTES);
  for (let i = 0; i < KAPPA; i += 1) {
    const at = SEED_BYTES * (2 * i + bitAt(delta, i));
    chosen.set(keys.subarray(at, at + SEED_BYTES), SEED_BYTES * i);
  }
  return { delta, keys, chosen };
}

export interface Extended {
  readonly choices: Uint8Array;
  readonly chosen: Uint8Array;
  readonly zero: Uint8Array;
  readonly one: Uint8Array;
}

/** Changes what the receiver says. */
export interface Cheat {
  readonly correction?: (correction: Uint8Array, bytes: number) => void;
  readonly answer?: (answer: { bits: Uint8Array; columns: Uint8Array }) => void;
}

/** An extension as the two roles make it; fails as theirs. */
export function extend(
  { delta, keys, chosen }: BaseKeys,
  count: number,
  seed: string | number,
  { correction: lie, answer: excuse }: Cheat = {},
  batch = 0,
): Extended {
  const random = seededRandom(`extension ${seed}`);
  const session = random.bytes(32);
  const choices = random.bytes(Math.ceil(count / 8));
  const receiver = otTasks.otExtend({ batch, count, keys, choices, coins: random.bytes(32) });
  lie?.(receiver.correction, receiver.correction.length / KAPPA);
  const { correction } = receiver;
  const sender = otTasks.otCorrelate({ batch, count, keys: chosen, delta, correction });
  const challenge = random.bytes(16);
  const answer = otTasks.otAnswerCheck({ ...receiver, challenge });
  excuse?.(answer);
  otTasks.otVerify({ columns: sender.columns, delta, challenge, answer });
  const rows = { session, batch, count };
  return {
    choices,
    ...otTasks.otPads({ ...rows, columns: receiver.columns }),
    ...otTasks.otPadPairs({ ...rows, columns: sender.columns, delta }),
  };
}
