/**
 * RLWE without errors: secrets and uniform polynomials from seeded coins, every error zero. It hides
 * nothing, and every phase is exactly what was encrypted, so that a protocol can be held to exact sums.
 */
import { createCipheriv, createHash } from 'node:crypto';
import type { Random } from '../../src/base/random.ts';
import { type Field, fieldOf, N } from '../../src/kernels/field.ts';
import { forward, lift, load, multiply, store, subtract, work } from '../../src/kernels/ring.ts';
import { type HeTasks, heTasks, type Ring, SEED_BYTES } from '../../src/primitives/he/index.ts';
import { packInto, polynomialBytes, unpackFrom } from '../../src/primitives/he/residues.ts';

type Drawing = Pick<HeTasks, 'generateKey' | 'encryptZeros' | 'publicZeros' | 'expandSeeds'>;

/** Stands in for the tasks that draw coins; the arithmetic stays the real one. */
export function cleartextTasks(random: Random): HeTasks {
  return { ...heTasks, ...drawing(random) };
}

function drawing(random: Random): Drawing {
  const fieldsOf = (ring: Ring): Field[] => [...ring.primes, ring.special].map(fieldOf);
  const ternary = (): Int8Array =>
    Int8Array.from(
      random
        .bytes(4 * N)
        .filter((byte) => byte < 255)
        .subarray(0, N),
      (b) => (b % 3) - 1,
    );
  return {
    generateKey({ ring }) {
      const fields = fieldsOf(ring);
      const secret = ternary();
      const seed = random.bytes(SEED_BYTES);
      const b = negatedProducts(uniform(seed, fields), secret, fields);
      const publicKey = new Uint8Array(SEED_BYTES + polynomialBytes(fields));
      publicKey.set(seed);
      packInto(publicKey, SEED_BYTES, b, fields);
      return { secret, publicKey };
    },
    encryptZeros({ ring, secret, count }) {
      const fields = ring.primes.map(fieldOf);
      const seeds = random.bytes(count * SEED_BYTES);
      return { seeds, c0: negatedProducts(expanded(seeds, fields), secret, fields) };
    },
    publicZeros({ ring, publicKey, count }) {
      const all = fieldsOf(ring);
      const words = ring.primes.length * N;
      const fields = all.slice(0, -1);
      // Each limb is a ring of its own: without an error to divide, the special one is left out.
      const b = unpackFrom(publicKey, SEED_BYTES, 1, all).subarray(0, words);
      const a = uniform(publicKey.subarray(0, SEED_BYTES), all).subarray(0, words);
      const c0 = new Uint32Array(count * words);
      const c1 = new Uint32Array(count * words);
      for (let i = 0; i < count; i++) {
        const u = ternary();
        c0.set(negatedProducts(b, u, fields), i * words);
        c1.set(negatedProducts(a, u, fields), i * words);
      }
      return { c0, c1 };
    },
    expandSeeds: ({ ring, seeds }) => ({ c1: expanded(seeds, ring.primes.map(fieldOf)) }),
  };
}

/** A polynomial of residues over `fields` for each seed, back to back. */
function expanded(seeds: Uint8Array, fields: readonly Field[]): Uint32Array {
  const words = fields.length * N;
  const result = new Uint32Array((seeds.length / SEED_BYTES) * words);
  for (let i = 0; i * words < result.length; i++) {
    result.set(uniform(seeds.subarray(i * SEED_BYTES, (i + 1) * SEED_BYTES), fields), i * words);
  }
  return result;
}

/** A polynomial of residues for each field, from a seed. */
function uniform(seed: Uint8Array, fields: readonly Field[]): Uint32Array {
  const key = createHash('sha256').update(seed).digest();
  const stream = createCipheriv('aes-256-ctr', key, new Uint8Array(16));
  const bytes = new Uint8Array(stream.update(new Uint8Array(4 * N * fields.length)));
  return new Uint32Array(bytes.buffer).map((word, i) => word % fields[Math.floor(i / N)]!.p);
}

/** -residues * t for a ternary t: polynomials over `fields`, in NTT order. */
function negatedProducts(
  residues: Uint32Array,
  t: Int8Array,
  fields: readonly Field[],
): Uint32Array {
  const result = new Uint32Array(residues.length);
  const coefficients = Int32Array.from(t);
  for (let limb = 0; limb * N < residues.length; limb++) {
    const field = fields[limb % fields.length]!;
    const [key, product, sum] = [work[0]!, work[1]!, work[2]!];
    load(key, coefficients, 0);
    lift(key, field);
    forward(key, field);
    load(product, residues, limb);
    multiply(product, key, product, field);
    load(sum, new Uint32Array(N), 0);
    subtract(sum, product, sum, field);
    store(sum, result, limb);
  }
  return result;
}
