/** Goal: seeds expand as SEAL expands them. Method: a plain Blake2Xb, itself held against OpenSSL's Blake2b; SEAL's own in primitives/he. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { fieldOf, N } from '../../src/kernels/field.ts';
import { expand, store, work } from '../../src/kernels/ring.ts';
import { dataPrimes, SEED_BYTES } from '../../src/primitives/he/index.ts';
import { blake2b, expandPlainly } from '../support/blake2xb.ts';
import { seededRandom } from '../support/random.ts';

test("the plain Blake2b is OpenSSL's", () => {
  const message = seededRandom('message').bytes(200);
  for (const length of [8, 64, 128, 136, 200]) {
    const blocks = [message.subarray(0, Math.min(length, 128)), message.subarray(128, length)];
    const expected = createHash('blake2b512').update(message.subarray(0, length)).digest();
    const sequential = [64 | (1 << 16) | (1 << 24)];
    const found = blake2b(sequential, ...blocks.filter((block) => block.length > 0));
    expect(Buffer.from(found)).toEqual(expected);
  }
});

test.each([21, 27, 28, 29])('every limb of a seed is expanded as plainly, to %i bits', (bits) => {
  const field = fieldOf(dataPrimes([bits])[0]!);
  for (let limb = 0; limb < 4; limb++) {
    const seed = seededRandom(`${bits} ${limb}`).bytes(SEED_BYTES);
    expect(expand(work[0]!, seed, limb, field)).toBe(true);
    const residues = new Uint32Array(N);
    store(work[0]!, residues, 0);
    expect(residues).toEqual(expandPlainly(seed, limb, field.p));
  }
});
