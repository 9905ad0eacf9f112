/** SEAL's context for a ring: CKKS, which gives plain RLWE without a plaintext modulus, and what every task needs of it. */
import type { Encryptor, Plaintext, PublicKey, SEALContext } from 'node-seal';
import { SottoError } from '../../base/errors.ts';
import { N } from '../../kernels/field.ts';
import type { Ring } from './api.ts';
import { type Envelope, envelopeOf } from './envelope.ts';
import { fieldsOf } from './parameters.ts';
import { instanceNumber, type Seal } from './seal.ts';

export interface Context {
  readonly instance: number;
  readonly seal: SEALContext;
  /** The plaintext 0 in transformed form, at data level. */
  readonly zero: Plaintext;
  /** Of a key that nobody uses: SEAL wants a public key even to encrypt symmetrically. */
  readonly unusedKey: PublicKey;
  /** How SEAL lays out each kind of object. */
  readonly secretKey: Envelope;
  readonly publicKey: Envelope;
  readonly ciphertext: Envelope;
  readonly seeded: Envelope;
}

/** A worker uses a few rings; an older one than these is made again. */
const MOST_CONTEXTS = 8;
const contexts = new Map<string, Context>();

export function contextOf(seal: Seal, ring: Ring): Context {
  const name = [...ring.primes, ring.special].join();
  const known = contexts.get(name);
  if (known && known.instance === instanceNumber()) return known;
  contexts.delete(name);
  if (contexts.size >= MOST_CONTEXTS) {
    const [oldest, context] = contexts.entries().next().value!;
    contexts.delete(oldest);
    if (context.instance === instanceNumber()) release(context);
  }
  const context = makeContext(seal, ring);
  contexts.set(name, context);
  return context;
}

function release({ seal, zero, unusedKey }: Context): void {
  for (const held of [zero, unusedKey, seal]) held.delete();
}

function makeContext(seal: Seal, ring: Ring): Context {
  const { words } = fieldsOf(ring);
  const context = sealContext(seal, ring);
  const none = seal.ComprModeType.none;
  using generator = new seal.KeyGenerator(context);
  using secretKey = generator.secretKey();
  using seededKey = generator.createPublicKeySerializable();
  const unusedKey = generator.createPublicKey();
  using encryptor: Encryptor = new seal.Encryptor(context, unusedKey, secretKey);
  using encoder = new seal.CKKSEncoder(context);
  const zero = new seal.Plaintext();
  encoder.encode(new Float64Array(N / 2), 1, zero);
  using ciphertext = new seal.Ciphertext();
  encryptor.encryptZero(ciphertext);
  using seeded = encryptor.encryptSymmetricSerializable(zero);
  return {
    instance: instanceNumber(),
    seal: context,
    zero,
    unusedKey,
    secretKey: envelopeOf(secretKey.saveToArray(none), words + N, 'full'),
    publicKey: envelopeOf(seededKey.saveToArray(none), words + N, 'seeded'),
    ciphertext: envelopeOf(ciphertext.saveToArray(none), 2 * words, 'full'),
    seeded: envelopeOf(seeded.saveToArray(none), words, 'seeded'),
  };
}

function sealContext(seal: Seal, ring: Ring): SEALContext {
  using parameters = new seal.EncryptionParameters(seal.SchemeType.ckks);
  parameters.setPolyModulusDegree(N);
  const moduli = [...ring.primes, ring.special].map((prime) => new seal.Modulus(BigInt(prime)));
  using chain = seal.vecFromArrayModulus(moduli);
  parameters.setCoeffModulus(chain);
  for (const modulus of moduli) modulus.delete();
  // No lower levels: the only switch that is ever made is the one from the special prime.
  const context = new seal.SEALContext(parameters, false, seal.SecLevelType.tc128);
  if (!context.parametersSet()) {
    throw new SottoError('invalid-argument', 'SEAL refuses these moduli');
  }
  return context;
}
