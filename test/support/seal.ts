/** SEAL's own operations on our residues: the second opinion on every kernel. */
import type { Ciphertext, Plaintext } from 'node-seal';
import { N } from '../../src/kernels/field.ts';
import { forward, lift, load, store, work } from '../../src/kernels/ring.ts';
import type { Ring } from '../../src/primitives/he/api.ts';
import { type Context, contextOf } from '../../src/primitives/he/context.ts';
import { envelopeOf, fill, open } from '../../src/primitives/he/envelope.ts';
import { fieldsOf } from '../../src/primitives/he/parameters.ts';
import { type Seal, withSeal } from '../../src/primitives/he/seal.ts';

/** A ciphertext or plaintext as residues in transformed order: components x limbs x N. */
export interface Bench {
  ciphertext(c0: Uint32Array, c1: Uint32Array): Ciphertext;
  plaintext(residues: Uint32Array): Plaintext;
  readonly seal: Seal;
  readonly context: Context;
  residuesOf(ciphertext: Ciphertext): Uint32Array;
  plainResiduesOf(plaintext: Plaintext): Uint32Array;
  /** c0 + c1 s in transformed order, by SEAL's Decryptor. */
  decrypt(secret: Int8Array, ciphertext: Ciphertext): Uint32Array;
}

export function withBench<T>(ring: Ring, work: (bench: Bench) => T): T {
  return withSeal((seal) => work(benchOf(seal, ring)));
}

function benchOf(seal: Seal, ring: Ring): Bench {
  const context = contextOf(seal, ring);
  const { words, data, special } = fieldsOf(ring);
  const none = seal.ComprModeType.none;
  const plain = envelopeOf(context.zero.saveToArray(none), words, 'full');
  return {
    seal,
    context,
    ciphertext(c0, c1) {
      const residues = new Uint32Array(2 * words);
      residues.set(c0);
      residues.set(c1, words);
      const loaded = new seal.Ciphertext();
      loaded.loadFromArray(context.seal, fill(context.ciphertext, residues));
      return loaded;
    },
    plaintext(residues) {
      const loaded = new seal.Plaintext();
      loaded.loadFromArray(context.seal, fill(plain, residues));
      return loaded;
    },
    residuesOf: (ciphertext) => open(context.ciphertext, ciphertext.saveToArray(none)).residues,
    plainResiduesOf: (plaintext) => open(plain, plaintext.saveToArray(none)).residues,
    decrypt(secret, ciphertext) {
      using key = new seal.SecretKey();
      key.loadFromArray(
        context.seal,
        fill(context.secretKey, transformed(secret, [...data, special])),
      );
      using decryptor = new seal.Decryptor(context.seal, key);
      using result = new seal.Plaintext();
      decryptor.decrypt(ciphertext, result);
      return open(plain, result.saveToArray(none)).residues;
    },
  };
}

function transformed(secret: Int8Array, fields: ReturnType<typeof fieldsOf>['data']): Uint32Array {
  const residues = new Uint32Array(fields.length * N);
  const slot = work[0]!;
  for (const [limb, field] of fields.entries()) {
    load(slot, new Int32Array(secret), 0);
    lift(slot, field);
    forward(slot, field);
    store(slot, residues, limb);
  }
  return residues;
}
