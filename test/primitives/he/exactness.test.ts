/** Goal: our arithmetic is SEAL's, bit for bit. Method: the same operands through SEAL and through the kernels, whole arrays compared. */
import { beforeAll, describe, expect, test } from 'vitest';
import { fieldOf, N } from '../../../src/kernels/field.ts';
import { add, expand, inverse, load, multiply, store, work } from '../../../src/kernels/ring.ts';
import { open } from '../../../src/primitives/he/envelope.ts';
import { heTasks as he, ready, ringOf } from '../../../src/primitives/he/index.ts';
import { expandBySeal } from '../../../src/primitives/he/keys.ts';
import { fieldsOf } from '../../../src/primitives/he/parameters.ts';
import {
  addResidues,
  forwardResidues,
  inverseResidues,
  packResidues,
} from '../../support/residues.ts';
import { phase, randomResidues, smallCoefficients } from '../../support/ring.ts';
import { withBench } from '../../support/seal.ts';

beforeAll(ready);

const rings = [[28], [27], [27, 27], [28, 28], [29, 29], [21, 29], [25, 25, 25]].map(ringOf);

describe.each(rings)('with data primes $primes', (ring) => {
  const words = ring.primes.length * N;
  const plain = randomResidues(ring.primes, 1, 1);
  const c0 = randomResidues(ring.primes, 2, 2);
  const c1 = randomResidues(ring.primes, 2, 3);
  const limbwise = (x: Uint32Array, y: Uint32Array, operation: typeof multiply): Uint32Array => {
    const result = new Uint32Array(words);
    for (const [limb, p] of ring.primes.entries()) {
      load(work[0]!, x, limb);
      load(work[1]!, y, limb);
      operation(work[0]!, work[1]!, work[2]!, fieldOf(p));
      store(work[2]!, result, limb);
    }
    return result;
  };

  test("the transform is SEAL's on every modulus, the special one too", () => {
    withBench(ring, ({ seal, context }) => {
      using generator = new seal.KeyGenerator(context.seal);
      using key = generator.secretKey();
      const { residues } = open(context.secretKey, key.saveToArray(seal.ComprModeType.none));
      const { data, special } = fieldsOf(ring);
      // SEAL's transformed ternary secret, taken back by our inverse, is the same ternary in each limb.
      const limbs = [...data, special].map((field, limb) => {
        load(work[0]!, residues, limb);
        inverse(work[0]!, field);
        const coefficients = new Uint32Array(N);
        store(work[0]!, coefficients, 0);
        return Array.from(coefficients, (x) => (x === field.p - 1 ? -1 : x));
      });
      expect(limbs[0]!.every((x) => x === -1 || x === 0 || x === 1)).toBe(true);
      for (const limb of limbs) expect(limb).toEqual(limbs[0]);
    });
  });

  test("small polynomials are encoded as SEAL's encoder transforms them", () => {
    withBench(ring, ({ seal, context, plainResiduesOf }) => {
      using encoder = new seal.CKKSEncoder(context.seal);
      using constant = new seal.Plaintext();
      encoder.encode(new Float64Array(N / 2).fill(-3), 1, constant);
      const coefficients = new Int32Array(N);
      coefficients[0] = -3;
      expect(he.forward({ ring, coefficients })).toEqual(plainResiduesOf(constant));
    });
  });

  test("products and sums of ciphertexts are SEAL's multiplyPlain and add", () => {
    withBench(ring, ({ seal, context, ...bench }) => {
      using evaluator = new seal.Evaluator(context.seal);
      using first = bench.ciphertext(c0.slice(0, words), c1.slice(0, words));
      using second = bench.ciphertext(c0.slice(words), c1.slice(words));
      using factor = bench.plaintext(plain);
      using product = new seal.Ciphertext();
      evaluator.multiplyPlain(first, factor, product);
      const expected = bench.residuesOf(product);
      expect(limbwise(plain, c0, multiply)).toEqual(expected.slice(0, words));
      expect(limbwise(plain, c1, multiply)).toEqual(expected.slice(words));
      using sum = new seal.Ciphertext();
      evaluator.add(first, second, sum);
      expect(limbwise(c0, c0.subarray(words), add)).toEqual(bench.residuesOf(sum).slice(0, words));
      const [a, b] = [c0.slice(0, words), c0.slice(words)];
      expect(addResidues({ ring, a, b })).toEqual(bench.residuesOf(sum).slice(0, words));
    });
  });

  test("c0 + c1 s is what SEAL's Decryptor computes", () => {
    const { secret } = he.generateKey({ ring });
    withBench(ring, ({ ciphertext, decrypt }) => {
      using loaded = ciphertext(c0.slice(0, words), c1.slice(0, words));
      const coefficients = inverseResidues({ ring, residues: decrypt(secret, loaded) });
      for (const limb of ring.primes.keys()) {
        const ours = phase(ring, secret, { c0, c1, index: 0, limb });
        expect(ours).toEqual(coefficients.slice(limb * N, (limb + 1) * N));
      }
    });
  });

  test('a seed expands to the c1 that SEAL itself loads from it', () => {
    withBench(ring, ({ seal, context, residuesOf }) => {
      using generator = new seal.KeyGenerator(context.seal);
      using key = generator.secretKey();
      using encryptor = new seal.Encryptor(context.seal, context.unusedKey, key);
      for (let i = 0; i < 8; i++) {
        using seeded = encryptor.encryptSymmetricSerializable(context.zero);
        const saved: Uint8Array = seeded.saveToArray(seal.ComprModeType.none);
        using loaded = new seal.Ciphertext();
        loaded.loadFromArray(context.seal, saved);
        const { c1: expanded } = he.expandSeeds({ ring, seeds: saved.slice(-64), count: 1 });
        expect(expanded).toEqual(residuesOf(loaded).slice(words));
        for (const [limb, p] of ring.primes.entries()) {
          expect(expand(work[0]!, saved.slice(-64), limb, fieldOf(p))).toBe(true); // by the kernel alone
        }
      }
    });
  });

  test('a seed of which the kernel is not certain is expanded by SEAL', () => {
    const seed = new Uint8Array(64);
    new DataView(seed.buffer).setUint32(0, 56307, true); // found by search: half a word is all ones
    expect(expand(work[0]!, seed, 0, fieldOf(ring.primes[0]!))).toBe(false);
    expect(he.expandSeeds({ ring, seeds: seed, count: 1 }).c1).toEqual(expandBySeal(ring, seed));
  });

  test('transforms both ways and packing both ways give back what they were given', () => {
    const residues = randomResidues(ring.primes, 3, 9);
    const back = inverseResidues({ ring, residues: forwardResidues({ ring, residues }) });
    expect(back).toEqual(residues);
    const packed = packResidues({ ring, residues });
    const bits = ring.primes.reduce((sum, p) => sum + Math.ceil(Math.log2(p)), 0);
    expect(packed.length).toBe((3 * N * bits) / 8);
    expect(he.unpackResidues({ ring, packed, count: 3 })).toEqual(residues);
    const coefficients = smallCoefficients(1000, 2, 4);
    const first = inverseResidues({ ring, residues: he.forward({ ring, coefficients }) });
    const p = ring.primes[0]!;
    const lifted = Uint32Array.from(coefficients.subarray(0, N), (x) => ((x % p) + p) % p);
    expect(first.slice(0, N)).toEqual(lifted);
  });
});
