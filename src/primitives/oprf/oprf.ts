/**
 * The oblivious pseudorandom function of RFC 9497, suite ristretto255-SHA512, in the modes OPRF and VOPRF.
 *
 * Client and server compute y = F(key, input), 64 bytes; the client learns y and nothing of the key, the server
 * nothing of the input. Columns: points and blinds 32 bytes an item, outputs 64.
 */
import type { Bytes } from '../../base/bytes.ts';
import { concat } from '../../base/bytes.ts';
import { type ErrorRecord, SottoError } from '../../base/errors.ts';
import { engine, multiply, POINT_BYTES, SCALAR_BYTES } from '../group/index.ts';
import {
  deriveAndMultiplyEach,
  divideEach,
  isIdentity,
  multiplyEach,
  multiplyGenerator,
  pointAt,
} from './points.ts';
import {
  compositeOfPart,
  generateProofs,
  multiplyWithNonces,
  proofOfParts,
  verifyProof,
} from './proof.ts';
import { scalarAt, scalarsFromCoins, toBytes } from './scalars.ts';
import {
  contextOf,
  hashToScalar,
  hashToUniform,
  type Mode,
  OUTPUT_BYTES,
  outputOf,
  prefixed,
} from './suite.ts';

/** Keys of different modes, and what is made with them, are unrelated. Unsaid: VOPRF. */
interface InMode {
  readonly mode?: Mode;
}

export interface KeyPair {
  /** In (0, order). Secret. */
  readonly secretKey: Bytes;
  readonly publicKey: Bytes;
}

const SEED_BYTES = 32;

/** DeriveKeyPair of section 3.2.1. `seed`: 32 secret bytes; `info`: what the key is for. */
export function oprfDeriveKey(
  input: InMode & { readonly seed: Uint8Array; readonly info: Uint8Array },
): KeyPair {
  const { seed, info, mode = 'VOPRF' } = input;
  if (seed.length !== SEED_BYTES) {
    throw new SottoError('invalid-argument', 'a seed has another length', {
      expected: SEED_BYTES,
      received: seed.length,
    });
  }
  // The first try gives 0 once in 2^252 times; the section then counts on.
  for (let counter = 0; counter < 256; counter += 1) {
    const message = concat(seed, prefixed(info), Uint8Array.of(counter));
    const secret = hashToScalar(message, contextOf(mode), 'DeriveKeyPair');
    if (secret !== 0n) return keyPair(toBytes(secret));
  }
  throw new SottoError('invalid-argument', 'a seed gives no key');
}

/** The public key of a secret one. */
export const oprfPublicKey = ({ secretKey }: { readonly secretKey: Uint8Array }): Bytes =>
  multiplyGenerator([usable(secretKey)]);

const keyPair = (secretKey: Bytes): KeyPair => ({
  secretKey,
  publicKey: oprfPublicKey({ secretKey }),
});

export interface Blinded {
  /** Secret, to be kept until the answer comes: 32 n bytes. */
  readonly blinds: Bytes;
  /** For the server: 32 n bytes, uniform whatever the inputs are. */
  readonly blinded: Bytes;
}

/** Blind of section 3.3.1. `coins`: 48 fresh bytes an input; with coins used twice, equal inputs show. */
export function oprfBlind(
  input: InMode & { readonly inputs: readonly Uint8Array[]; readonly coins: Uint8Array },
): Blinded {
  const { inputs, coins, mode = 'VOPRF' } = input;
  const scalars = scalarsFromCoins(coins, inputs.length);
  const uniform = hashToUniform(inputs, contextOf(mode));
  const blinded = deriveAndMultiplyEach(scalars, uniform);
  uniform.fill(0);
  refuseIdentity(blinded);
  return { blinds: concat(...scalars.map(toBytes)), blinded };
}

/** BlindEvaluate of section 3.3.1: 32 n bytes. Points that are no use are a protocol-violation with position. */
export const oprfEvaluate = (input: {
  readonly secretKey: Uint8Array;
  readonly blinded: Uint8Array;
}): { evaluated: Bytes } => ({
  evaluated: multiply({ scalar: input.secretKey, points: input.blinded }),
});

export interface Evaluated {
  /** 32 n bytes. */
  readonly evaluated: Bytes;
  /** 64 bytes for the whole batch. */
  readonly proof: Bytes;
}

/** One client's points, and 48 bytes that no other call gets (see `multiplyWithNonces`). */
export interface Asked {
  readonly blinded: Uint8Array;
  readonly coins: Uint8Array;
}

interface ProvingKey {
  readonly secretKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** BlindEvaluate of section 3.3.2. */
export function oprfEvaluateWithProof(input: ProvingKey & Asked): Evaluated {
  return evaluateAll(input, [input])[0]!;
}

/**
 * The same for several requests under one key, each with a proof of its own, for less than one after another. One
 * whose points are no use is told so by a code and a position, and the others are answered.
 */
export function oprfEvaluateEach(
  input: ProvingKey & { readonly requests: readonly Asked[] },
): (Evaluated | ErrorRecord)[] {
  try {
    return evaluateAll(input, input.requests);
  } catch (thrown) {
    if (!(thrown instanceof SottoError) || thrown.code !== 'protocol-violation') throw thrown;
    if (input.requests.length === 1) return [thrown.toRecord()];
    return input.requests.flatMap((request) => oprfEvaluateEach({ ...input, requests: [request] }));
  }
}

function evaluateAll(
  { secretKey, publicKey }: ProvingKey,
  requests: readonly Asked[],
): Evaluated[] {
  const key = usable(secretKey);
  const unproved = requests.map(({ blinded, coins }) => ({ points: blinded, coins }));
  const multiplied = multiplyWithNonces(key, unproved);
  const context = contextOf('VOPRF');
  const statements = requests.map(({ blinded }, i) => ({
    context,
    publicKey,
    before: blinded,
    after: multiplied[i]!.multiples,
  }));
  const proofs = generateProofs(statements, key, multiplied);
  return multiplied.map(({ multiples }, i) => ({ evaluated: multiples, proof: proofs[i]! }));
}

/**
 * Some of the points of a large batch, of which `first` come before: so that no task is long. The parts' composites,
 * 32 bytes each, are then proved together by `oprfProveParts`, and nobody sees that there were parts.
 */
export function oprfEvaluatePart(
  input: ProvingKey & { readonly blinded: Uint8Array; readonly first: number },
): { evaluated: Bytes; composite: Bytes } {
  const { secretKey, publicKey, blinded, first } = input;
  const keys = Array.from({ length: blinded.length / POINT_BYTES }, () => usable(secretKey));
  const evaluated = multiplyEach(keys, blinded, first);
  const part = { context: contextOf('VOPRF'), publicKey, before: blinded, after: evaluated };
  return { evaluated, composite: compositeOfPart(part, first) };
}

/** The proof of BlindEvaluate for all parts of a batch; `coins` as for the whole batch. */
export function oprfProveParts(
  input: ProvingKey & { readonly composites: Uint8Array; readonly coins: Uint8Array },
): { proof: Bytes } {
  const { secretKey, publicKey, composites, coins } = input;
  const of = { context: contextOf('VOPRF'), publicKey };
  return { proof: proofOfParts(of, composites, usable(secretKey), coins) };
}

function usable(secretKey: Uint8Array): bigint {
  const key = secretKey.length === SCALAR_BYTES ? scalarAt(secretKey, 0) : undefined;
  if (key) return key;
  throw new SottoError('invalid-argument', 'a key is not between 0 and the order', {
    expected: SCALAR_BYTES,
    bytes: secretKey.length,
  });
}

interface Answered {
  readonly inputs: readonly Uint8Array[];
  readonly blinds: Uint8Array;
  readonly evaluated: Uint8Array;
}

/** Finalize of section 3.3.2: 64 n bytes. The proof is checked before anything is unblinded. */
export function oprfFinalize(
  input: Answered & {
    readonly publicKey: Uint8Array;
    readonly blinded: Uint8Array;
    readonly proof: Uint8Array;
  },
): { outputs: Bytes } {
  const { publicKey, blinded, evaluated, proof, inputs } = input;
  checkColumn('blinded', blinded, inputs.length);
  checkColumn('evaluated', evaluated, inputs.length);
  checkColumn('public_key', publicKey, 1);
  const context = contextOf('VOPRF');
  verifyProof({ context, publicKey, before: blinded, after: evaluated }, proof);
  return oprfFinalizeUnproved(input);
}

/** Finalize of section 3.3.1: 64 n bytes, of whatever key the server used. */
export function oprfFinalizeUnproved(input: Answered): { outputs: Bytes } {
  return outputsOf(input.inputs, unblind(input));
}

/** Evaluate of section 3.3.1: F(key, input) by the key's owner, 64 n bytes. */
export function oprfEvaluateDirect(
  input: InMode & { readonly secretKey: Uint8Array; readonly inputs: readonly Uint8Array[] },
): { outputs: Bytes } {
  const { secretKey, inputs, mode = 'VOPRF' } = input;
  const elements = engine().deriveAndMultiply(secretKey, hashToUniform(inputs, contextOf(mode)));
  refuseIdentity(elements);
  return outputsOf(inputs, elements);
}

/** The outputs of inputs (each with `more` fields after it) and their elements, which are wiped. */
export function outputsOf(
  inputs: readonly Uint8Array[],
  elements: Uint8Array,
  ...more: readonly Uint8Array[]
): { outputs: Bytes } {
  const outputs = new Uint8Array(OUTPUT_BYTES * inputs.length);
  inputs.forEach((input, i) => {
    outputs.set(outputOf(input, ...more, pointAt(elements, i)), OUTPUT_BYTES * i);
  });
  elements.fill(0);
  return { outputs };
}

/** The evaluated points without their blinds: 32 n bytes. */
export function unblind({ inputs, blinds, evaluated }: Answered): Bytes {
  checkColumn('blinds', blinds, inputs.length);
  checkColumn('evaluated', evaluated, inputs.length);
  const position = inputs.findIndex((_, i) => !scalarAt(blinds, i));
  if (position === -1) return divideEach(evaluated, blinds);
  throw new SottoError('invalid-argument', 'a blind is not between 0 and the order', {
    position,
    bytes: SCALAR_BYTES,
  });
}

export function checkColumn(field: string, column: Uint8Array, count: number): void {
  if (column.length === POINT_BYTES * count) return;
  throw new SottoError('protocol-violation', 'a column has another length than its batch', {
    field,
    expected: POINT_BYTES * count,
    received: column.length,
  });
}

/** An input whose element is the identity: nobody can find one, and the RFC wants it refused. */
export function refuseIdentity(points: Uint8Array): void {
  for (let position = 0; position < points.length / POINT_BYTES; position += 1) {
    if (isIdentity(pointAt(points, position))) {
      throw new SottoError('invalid-argument', 'an input has no usable element', { position });
    }
  }
}
