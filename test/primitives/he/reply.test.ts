/**
 * Goal: the two shares of a product add up to it, the reply is rounded exactly once and after the zero,
 * and it hides the evaluator's data. Method: plain integers beside the tasks; replies compared.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { N } from '../../../src/kernels/field.ts';
import { heTasks as he, ready, ringOf } from '../../../src/primitives/he/index.ts';
import { cutOf } from '../../../src/primitives/he/parameters.ts';
import { addResidues, inverseResidues } from '../../support/residues.ts';
import {
  centred,
  joined,
  productCoefficient,
  randomResidues,
  smallCoefficients,
} from '../../support/ring.ts';

beforeAll(ready);

const cases = [
  { bits: [28], dropBits: 12 },
  { bits: [28], dropBits: 8 },
  { bits: [28, 27], dropBits: 8 },
  { bits: [29, 29], dropBits: 26 },
  { bits: [21, 21], dropBits: 10 },
  { bits: [29, 29], dropBits: 0 },
];

describe.each(cases)(
  'with primes of $bits bits, $dropBits of them dropped',
  ({ bits, dropBits }) => {
    const ring = ringOf(bits);
    const limbs = ring.primes.length;
    const words = limbs * N;
    const TERMS = 5;
    const COUNT = 3;
    const plain = randomResidues(ring.primes, COUNT * TERMS, 1);
    const cipher0 = randomResidues(ring.primes, TERMS, 2);
    const cipher1 = randomResidues(ring.primes, TERMS, 3);
    const zero0 = randomResidues(ring.primes, COUNT, 4);
    const zero1 = randomResidues(ring.primes, COUNT, 5);
    const secret = Int8Array.from(smallCoefficients(1, 1, 6));
    const base = {
      ring,
      plain,
      cipher0,
      cipher1,
      zero0,
      zero1,
      terms: TERMS,
      count: COUNT,
      dropBits,
    };
    const { width } = cutOf(ring, dropBits);

    /** sum of products plus the zero, as coefficients, in plain integers. */
    const expected = (cipher: Uint32Array, zero: Uint32Array, output: number): Uint32Array => {
      const sums = Uint32Array.from({ length: words }, (_, at) => {
        const p = BigInt(ring.primes[Math.floor(at / N)]!);
        let sum = BigInt(zero[output * words + at]!);
        for (let term = 0; term < TERMS; term++) {
          const factor = BigInt(plain[(output * TERMS + term) * words + at]!);
          sum += factor * BigInt(cipher[term * words + at]!);
        }
        return Number(sum % p);
      });
      return inverseResidues({ ring, residues: sums });
    };
    const wordAt = (bytes: Uint8Array, i: number): bigint => {
      let word = 0n;
      for (let bit = width - 1; bit >= 0; bit--) {
        const at = i * width + bit;
        word = (word << 1n) | BigInt((bytes[at >> 3]! >> (at & 7)) & 1);
      }
      return word;
    };

    test('the kept share and the reply are those of plain integers, rounded once, to nearest', () => {
      const { kept, reply } = he.innerProduct({ ...base, keep: 'all' });
      expect(reply.length).toBe((COUNT * N * width) / 8);
      const half = dropBits === 0 ? 0n : 1n << BigInt(dropBits - 1);
      for (let output = 0; output < COUNT; output++) {
        expect(kept.slice(output * words, (output + 1) * words)).toEqual(
          expected(cipher0, zero0, output),
        );
        const c1 = expected(cipher1, zero1, output);
        for (let i = 0; i < N; i++) {
          const x = joined(
            ring.primes,
            ring.primes.map((_, limb) => c1[limb * N + i]!),
          );
          expect(wordAt(reply, output * N + i)).toBe((x + half) >> BigInt(dropBits));
        }
      }
    });

    test('ciphertexts of each output give what shared ones give', () => {
      const repeat = (list: Uint32Array): Uint32Array => {
        const repeated = new Uint32Array(COUNT * list.length);
        for (let i = 0; i < COUNT; i++) repeated.set(list, i * list.length);
        return repeated;
      };
      const each = { ...base, cipher0: repeat(cipher0), cipher1: repeat(cipher1) };
      const shared = he.innerProduct({ ...base, keep: 'all' });
      expect(he.innerProduct({ ...each, keep: 'all' })).toEqual(shared);
    });

    test('inputs on shared memory give what private ones give, and are only read', () => {
      const share = (list: Uint32Array): Uint32Array => {
        const copy = new Uint32Array(new SharedArrayBuffer(list.byteLength + 64), 64, list.length);
        copy.set(list);
        return copy;
      };
      const lists = { plain, cipher0, cipher1, zero0, zero1 };
      const onShared = Object.fromEntries(
        Object.entries(lists).map(([name, list]) => [name, share(list)]),
      ) as typeof lists;
      const result = he.innerProduct({ ...base, ...onShared, keep: 'all' });
      expect(result).toEqual(he.innerProduct({ ...base, keep: 'all' }));
      expect(result.kept.buffer).toBeInstanceOf(ArrayBuffer);
      for (const [name, list] of Object.entries(lists)) {
        expect(Array.from(onShared[name as keyof typeof lists])).toEqual(Array.from(list));
      }
    });

    test('constant coefficients alone are those of the whole', () => {
      const all = he.innerProduct({ ...base, keep: 'all' });
      const constant = he.innerProduct({ ...base, keep: 'constant' });
      expect(constant.reply).toEqual(all.reply);
      expect(Array.from(constant.kept)).toEqual(
        Array.from({ length: COUNT * limbs }, (_, i) => all.kept[i * N]!),
      );
      const take = { ring, secret, reply: all.reply, count: COUNT, dropBits };
      const whole = he.ownShare({ ...take, take: 'all' });
      expect(Array.from(he.ownShare({ ...take, take: 'constant' }))).toEqual(
        Array.from({ length: COUNT * limbs }, (_, i) => whole[i * N]!),
      );
    });

    test("the owner's share is the rounded c1' times its secret", () => {
      const { reply } = he.innerProduct({ ...base, keep: 'constant' });
      const share = he.ownShare({ ring, secret, reply, count: COUNT, dropBits, take: 'all' });
      for (const [limb, p] of ring.primes.entries()) {
        const rounded = Uint32Array.from({ length: N }, (_, i) =>
          Number((wordAt(reply, N + i) << BigInt(dropBits)) % BigInt(p)),
        );
        for (const k of [0, 1, 777, N - 1]) {
          expect(share[(limbs + limb) * N + k]).toBe(productCoefficient(rounded, secret, p, k));
        }
      }
    });
  },
);

test('shares of a real encryption add up to the product, within the noise', () => {
  const ring = ringOf([28, 28]);
  const { secret, publicKey } = he.generateKey({ ring });
  const TERMS = 6;
  const messages = smallCoefficients(2 ** 20, TERMS, 1);
  const factors = smallCoefficients(100, TERMS, 2);
  const { seeds, c0 } = he.encryptZeros({ ring, secret, count: TERMS });
  const cipher0 = addResidues({ ring, a: c0, b: he.forward({ ring, coefficients: messages }) });
  const cipher1 = he.expandSeeds({ ring, seeds, count: TERMS }).c1;
  const { c0: zero0, c1: zero1 } = he.publicZeros({ ring, publicKey, count: 1 });
  const plain = he.forward({ ring, coefficients: factors });
  const dropBits = 8;
  const product = { ring, plain, cipher0, cipher1, zero0, zero1, terms: TERMS, dropBits };
  const { kept, reply } = he.innerProduct({ ...product, keep: 'all' });
  const own = he.ownShare({ ring, secret, reply, count: 1, dropBits, take: 'all' });
  // Noise: terms x N products of |factor| <= 100 with errors of sd 3.2, the zero's, and the rounding times s.
  const bound =
    8 * Math.hypot(Math.sqrt((TERMS * N) / 3) * 100 * 3.2, 15.1, (2 ** dropBits / 2) * 15.1);
  for (const [limb, p] of ring.primes.entries()) {
    for (const k of [0, 5, 4095]) {
      let expected = 0;
      for (let term = 0; term < TERMS; term++) {
        const [x, y] = [messages, factors].map((list) => list.subarray(term * N, (term + 1) * N));
        expected = (expected + productCoefficient(x!, y!, p, k)) % p;
      }
      const sum = (kept[limb * N + k]! + own[limb * N + k]!) % p;
      expect(Math.abs(centred((sum - expected + p) % p, p))).toBeLessThan(bound);
    }
  }
});

test('two replies to the same inputs differ in over 99 % of the coefficients of each limb', () => {
  const ring = ringOf([28, 27]);
  const { publicKey } = he.generateKey({ ring });
  const fixed = {
    ring,
    plain: he.forward({ ring, coefficients: smallCoefficients(8, 2, 1) }),
    cipher0: randomResidues(ring.primes, 2, 2),
    cipher1: randomResidues(ring.primes, 2, 3),
    terms: 2,
  };
  const [first, second] = [0, 1].map(() => {
    const { c0: zero0, c1: zero1 } = he.publicZeros({ ring, publicKey, count: 1 });
    const { kept, reply } = he.innerProduct({ ...fixed, zero0, zero1, dropBits: 0, keep: 'all' });
    // With secret 1 the owner's share is c1' itself, limb by limb.
    const one = new Int8Array(N).fill(1, 0, 1);
    return {
      kept,
      c1: he.ownShare({ ring, secret: one, reply, count: 1, dropBits: 0, take: 'all' }),
    };
  });
  for (const limb of ring.primes.keys()) {
    for (const part of ['kept', 'c1'] as const) {
      const [x, y] = [first!, second!].map((run) => run[part].subarray(limb * N, (limb + 1) * N));
      expect(x!.filter((value, i) => value !== y![i]).length).toBeGreaterThan(0.99 * N);
    }
  }
});
