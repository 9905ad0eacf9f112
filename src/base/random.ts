/** Where coins come from: injected, so that a run with fixed coins is a pure function. */
import type { Bytes } from './bytes.ts';

/** A source of uniform bytes. In production the operating system's; in tests a seeded stream. */
export interface Random {
  bytes(length: number): Bytes;
}

/**
 * A uniform integer in [0, bound), 0 < bound <= 2^32, by rejection (no modulo bias).
 */
export function uniformBelow(random: Random, bound: number): number {
  const limit = 2 ** 32 - (2 ** 32 % bound);
  for (;;) {
    const word = new DataView(random.bytes(4).buffer).getUint32(0);
    if (word < limit) return word % bound;
  }
}
