/**
 * Key pairs and encryptions of zero drawn in the kernel. Distributions and wire forms are SEAL's, so
 * that either engine takes what the other made.
 *
 * A public zero is (b u + e0, a u + e1) mod q with errors drawn as a key's are: an RLWE sample at the
 * data primes. SEAL makes it modulo q times the special prime and divides, which leaves a rounding
 * error of sd 15.1 in the phase; here it is e u + e0 + e1 s, of sd sqrt(10.5 (1 + 4N/3)) = 239.5.
 */
import { randomBytes } from 'node:crypto';
import { type Field, N } from '../../kernels/field.ts';
import {
  add,
  expand,
  forward,
  lift,
  load,
  multiply,
  type Slot,
  store,
  subtract,
  wipe,
  work,
} from '../../kernels/ring.ts';
import {
  drawError,
  drawTernary,
  ERROR_BYTES,
  embed,
  TERNARY_BYTES,
} from '../../kernels/sampler.ts';
import type { HeTasks } from './api.ts';
import { Coins } from './coins.ts';
import { SEED_BYTES } from './envelope.ts';
import { allFields, openPublicKey, publicZeros as publicZerosOfSeal } from './keys.ts';
import { type Fields, fieldsOf } from './parameters.ts';
import { expectLength, packInto, polynomialBytes } from './residues.ts';

/** Residues, residues, then integers: a secret's or u's, and the errors of both components. */
const [value, sum, multiplier, ...errors] = work as [Slot, Slot, Slot, Slot, Slot];
/** A transformed multiplier, a slot a limb. */
const keys = work.slice(5);

export const generateKey: HeTasks['generateKey'] = ({ ring }) =>
  withCoins((coins) => {
    const fields = allFields(ring);
    drawSecret(multiplier, coins);
    drawNoise(errors[0], coins);
    const secret = secretOf(multiplier);
    const { seed, residues } = freshUniform(fields);
    for (const [limb, field] of fields.entries()) {
      transformed(multiplier, keys[0]!, field);
      completeSample(residues, limb, keys[0]!, field);
    }
    const publicKey = new Uint8Array(SEED_BYTES + polynomialBytes(fields));
    publicKey.set(seed);
    packInto(publicKey, SEED_BYTES, residues, fields);
    return { secret, publicKey };
  });

export const encryptZeros: HeTasks['encryptZeros'] = ({ ring, secret, count }) => {
  expectLength('secret', secret.length, N);
  return withCoins((coins) => {
    const { data, words } = fieldsOf(ring);
    loadKeys(secret, data);
    const seeds = new Uint8Array(count * SEED_BYTES);
    const c0 = new Uint32Array(count * words);
    for (let i = 0; i < count; i++) {
      drawNoise(errors[0], coins);
      const { seed, residues } = freshUniform(data);
      for (const [limb, field] of data.entries()) {
        completeSample(residues, limb, keys[limb]!, field);
      }
      seeds.set(seed, i * SEED_BYTES);
      c0.set(residues, i * words);
    }
    return { seeds, c0 };
  });
};

export const publicZeros: HeTasks['publicZeros'] = (input) => {
  const { ring, publicKey, count } = input;
  const { data, words } = fieldsOf(ring);
  const b = openPublicKey(input);
  const a = uniformOf(publicKey.subarray(0, SEED_BYTES), data);
  if (a === undefined) return publicZerosOfSeal(input);
  return withCoins((coins) => {
    const c0 = new Uint32Array(count * words);
    const c1 = new Uint32Array(count * words);
    for (let i = 0; i < count; i++) {
      drawSecret(multiplier, coins);
      for (const error of errors) drawNoise(error, coins);
      for (const [limb, field] of data.entries()) {
        const u = keys[0]!;
        transformed(multiplier, u, field);
        for (const [component, part] of [b, a].entries()) {
          load(sum, part, limb);
          multiply(sum, u, sum, field);
          transformed(errors[component]!, value, field);
          add(sum, value, sum, field);
          store(sum, component === 0 ? c0 : c1, i * data.length + limb);
        }
      }
    }
    return { c0, c1 };
  });
};

/** What is secret in the kernel's memory is wiped after, come what may. */
function withCoins<T>(draw: (coins: Coins) => T): T {
  using coins = new Coins();
  try {
    return draw(coins);
  } finally {
    wipe(...work);
  }
}

/** Uniform ternary integers. */
function drawSecret(slot: Slot, coins: Coins): void {
  while (!coins.spend(TERNARY_BYTES, (bytes) => drawTernary(slot, bytes)));
}

/** An error's integers. */
function drawNoise(slot: Slot, coins: Coins): void {
  coins.spend(ERROR_BYTES, (bytes) => drawError(slot, bytes));
}

/** Residues mod p of small integers, in NTT order. */
function transformed(small: Slot, residues: Slot, field: Field): void {
  embed(small, residues, field);
  forward(residues, field);
}

/** In place of limb `limb` of a: e - a s, where e is the first error and `key` is s. */
function completeSample(residues: Uint32Array, limb: number, key: Slot, field: Field): void {
  load(sum, residues, limb);
  multiply(sum, key, sum, field);
  transformed(errors[0], value, field);
  subtract(value, sum, sum, field);
  store(sum, residues, limb);
}

/**
 * A seed of the operating system's, and what it stands for. One in 2^18 polynomials only SEAL can expand: such a seed is
 * not used. Seeds are public, and drawn apart from the coins.
 */
function freshUniform(fields: Fields['data']): { seed: Uint8Array; residues: Uint32Array } {
  for (;;) {
    const seed = randomBytes(SEED_BYTES);
    const residues = uniformOf(seed, fields);
    if (residues !== undefined) return { seed, residues };
  }
}

/** Uniform residues over `fields`, as SEAL expands the seed; undefined in the rare case that only SEAL can tell. */
function uniformOf(seed: Uint8Array, fields: Fields['data']): Uint32Array | undefined {
  const residues = new Uint32Array(fields.length * N);
  for (const [limb, field] of fields.entries()) {
    if (!expand(value, seed, limb, field)) return undefined;
    store(value, residues, limb);
  }
  return residues;
}

/** A secret of the caller's, transformed: a slot a limb. */
function loadKeys(secret: Int8Array, fields: Fields['data']): void {
  const coefficients = new Int32Array(secret);
  for (const [limb, field] of fields.entries()) {
    load(keys[limb]!, coefficients, 0);
    lift(keys[limb]!, field);
    forward(keys[limb]!, field);
  }
  coefficients.fill(0);
}

function secretOf(small: Slot): Int8Array {
  const integers = new Uint32Array(N);
  store(small, integers, 0);
  const secret = new Int8Array(integers); // 2^32 - 1 becomes -1
  integers.fill(0);
  return secret;
}
