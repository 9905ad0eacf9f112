/** SEAL's key pairs and encryptions of zero under them, its checks of a peer's, and the expansion of seeds. */
import type { SecretKey } from 'node-seal';
import { SottoError } from '../../base/errors.ts';
import { N } from '../../kernels/field.ts';
import { expand, forward, inverse, lift, load, store, wipe, work } from '../../kernels/ring.ts';
import type { HeTasks, Ring } from './api.ts';
import { type Context, contextOf } from './context.ts';
import { fill, open, SEED_BYTES } from './envelope.ts';
import { fieldsOf } from './parameters.ts';
import {
  expectLength,
  expectWireLength,
  packInto,
  polynomialBytes,
  unpackFrom,
} from './residues.ts';
import { type Seal, withSeal } from './seal.ts';

const slot = work[0]!;

/** All fields of a ring in SEAL's order, the special one last. */
export function allFields(ring: Ring) {
  const { data, special } = fieldsOf(ring);
  return [...data, special];
}

export const generateKey: HeTasks['generateKey'] = ({ ring }) =>
  withSeal((seal) => {
    const fields = allFields(ring);
    const context = contextOf(seal, ring);
    const none = seal.ComprModeType.none;
    using generator = new seal.KeyGenerator(context.seal);
    using secretKey = generator.secretKey();
    using seededKey = generator.createPublicKeySerializable();
    const { residues, seed } = open(context.publicKey, seededKey.saveToArray(none));
    const publicKey = new Uint8Array(SEED_BYTES + polynomialBytes(fields));
    publicKey.set(seed);
    packInto(publicKey, SEED_BYTES, residues, fields);
    return { secret: ternaryOf(context, secretKey.saveToArray(none), ring), publicKey };
  });

/** The coefficients in -1, 0, 1 of SEAL's transformed secret; wipes what it was given. */
function ternaryOf(context: Context, saved: Uint8Array, ring: Ring): Int8Array {
  const { residues } = open(context.secretKey, saved);
  const first = fieldsOf(ring).data[0]!;
  load(slot, residues, 0);
  inverse(slot, first);
  store(slot, residues, 0);
  const secret = new Int8Array(N);
  for (let i = 0; i < N; i++) secret[i] = residues[i]! === first.p - 1 ? -1 : residues[i]!;
  wipe(slot);
  residues.fill(0);
  saved.fill(0);
  return secret;
}

/** SEAL's form of a ternary secret. */
function sealSecretKey(
  seal: Seal,
  context: Context,
  { ring, secret }: { ring: Ring; secret: Int8Array },
): SecretKey {
  expectLength('secret', secret.length, N);
  const fields = allFields(ring);
  const coefficients = new Int32Array(secret);
  const residues = new Uint32Array(fields.length * N);
  for (const [limb, field] of fields.entries()) {
    load(slot, coefficients, 0);
    lift(slot, field);
    forward(slot, field);
    store(slot, residues, limb);
  }
  const saved = fill(context.secretKey, residues);
  const key = new seal.SecretKey();
  key.loadFromArray(context.seal, saved);
  wipe(slot);
  for (const copy of [coefficients, residues, saved]) copy.fill(0);
  return key;
}

export const encryptZeros: HeTasks['encryptZeros'] = ({ ring, secret, count }) =>
  withSeal((seal) => {
    const { words } = fieldsOf(ring);
    const context = contextOf(seal, ring);
    using key = sealSecretKey(seal, context, { ring, secret });
    using encryptor = new seal.Encryptor(context.seal, context.unusedKey, key);
    const seeds = new Uint8Array(count * SEED_BYTES);
    const c0 = new Uint32Array(count * words);
    for (let i = 0; i < count; i++) {
      using zero = encryptor.encryptSymmetricSerializable(context.zero);
      const { residues, seed } = open(context.seeded, zero.saveToArray(seal.ComprModeType.none));
      seeds.set(seed, i * SEED_BYTES);
      c0.set(residues, i * words);
    }
    return { seeds, c0 };
  });

/** b of a public key of the peer's: exact length, every residue below its prime, no limb all zero. */
export function openPublicKey({
  ring,
  publicKey,
}: {
  ring: Ring;
  publicKey: Uint8Array;
}): Uint32Array {
  const fields = allFields(ring);
  const expected = SEED_BYTES + polynomialBytes(fields);
  expectWireLength('a public key', publicKey.length, expected);
  const b = unpackFrom(publicKey, SEED_BYTES, 1, fields);
  for (let limb = 0; limb < fields.length; limb++) {
    if (b.subarray(limb * N, (limb + 1) * N).every((residue) => residue === 0)) {
      throw new SottoError('protocol-violation', 'a public key is zero', { limb });
    }
  }
  return b;
}

export const checkPublicKey: HeTasks['checkPublicKey'] = (input) => {
  openPublicKey(input);
};

export const publicZeros: HeTasks['publicZeros'] = ({ ring, publicKey, count }) => {
  const b = openPublicKey({ ring, publicKey });
  return withSeal((seal) => {
    const { words } = fieldsOf(ring);
    const context = contextOf(seal, ring);
    using key = new seal.PublicKey();
    key.loadFromArray(context.seal, fill(context.publicKey, b, publicKey.subarray(0, SEED_BYTES)));
    using encryptor = new seal.Encryptor(context.seal, key);
    using zero = new seal.Ciphertext();
    const c0 = new Uint32Array(count * words);
    const c1 = new Uint32Array(count * words);
    for (let i = 0; i < count; i++) {
      encryptor.encryptZero(zero);
      const { residues } = open(context.ciphertext, zero.saveToArray(seal.ComprModeType.none));
      c0.set(residues.subarray(0, words), i * words);
      c1.set(residues.subarray(words), i * words);
    }
    return { c0, c1 };
  });
};

export const expandSeeds: HeTasks['expandSeeds'] = ({ ring, seeds, count }) => {
  expectWireLength('a list of seeds', seeds.length, count * SEED_BYTES);
  expectDistinct(seeds, count);
  const { data, words } = fieldsOf(ring);
  const c1 = new Uint32Array(count * words);
  for (let i = 0; i < count; i++) {
    const seed = seeds.subarray(i * SEED_BYTES, (i + 1) * SEED_BYTES);
    const certain = data.every((field, limb) => {
      const done = expand(slot, seed, limb, field);
      store(slot, c1, i * data.length + limb);
      return done;
    });
    if (!certain) c1.set(expandBySeal(ring, seed), i * words);
  }
  return { c1 };
};

/** c1 as SEAL itself expands it: what the kernel must equal, ten times slower. */
export function expandBySeal(ring: Ring, seed: Uint8Array): Uint32Array {
  return withSeal((seal) => {
    const { words } = fieldsOf(ring);
    const context = contextOf(seal, ring);
    using ciphertext = new seal.Ciphertext();
    ciphertext.loadFromArray(context.seal, fill(context.seeded, new Uint32Array(words), seed));
    const saved = ciphertext.saveToArray(seal.ComprModeType.none);
    return open(context.ciphertext, saved).residues.subarray(words);
  });
}

/** A seed used twice would give two ciphertexts the same c1, whose difference is a difference of messages. */
function expectDistinct(seeds: Uint8Array, count: number): void {
  const seen = new Set<string>();
  for (let i = 0; i < count; i++) {
    const place = seeds.byteOffset + i * SEED_BYTES;
    seen.add(Buffer.from(seeds.buffer, place, SEED_BYTES).toString('latin1'));
  }
  if (seen.size !== count) {
    throw new SottoError('protocol-violation', 'a seed is repeated', {
      seeds: count,
      distinct: seen.size,
    });
  }
}
