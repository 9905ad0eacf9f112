/** The partially oblivious function of RFC 9497 section 3.3.3: the server knows a public part of the input. */
import { type Bytes, concat, utf8 } from '../../base/bytes.ts';
import { SottoError } from '../../base/errors.ts';
import { engine } from '../group/index.ts';
import {
  checkColumn,
  type Evaluated,
  oprfPublicKey,
  outputsOf,
  refuseIdentity,
  unblind,
} from './oprf.ts';
import { combineEach, isIdentity } from './points.ts';
import { generateProofs, multiplyWithNonces, verifyProof } from './proof.ts';
import { fromBytes, modulo, toBytes } from './scalars.ts';
import { checkLength, contextOf, hashToScalar, hashToUniform, prefixed } from './suite.ts';

const CONTEXT = contextOf('POPRF');

interface WithInfo {
  /** The part of the input that the server knows too: fewer than 2^16 bytes. */
  readonly info: Uint8Array;
}

/** The scalar of the public part. */
function tweakOf(info: Uint8Array): bigint {
  checkLength(info, 0);
  return hashToScalar(concat(utf8('Info'), prefixed(info)), CONTEXT);
}

/** The public key plus the public part's multiple of the generator. */
function tweakedKeyOf(publicKey: Uint8Array, info: Uint8Array): Bytes {
  checkColumn('public_key', publicKey, 1);
  const tweak = oprfPublicKey({ secretKey: toBytes(tweakOf(info)) });
  const tweaked = combineEach(tweak, '+', publicKey);
  if (isIdentity(tweaked)) {
    throw new SottoError('invalid-argument', 'the public part cancels the key', { field: 'info' });
  }
  return tweaked;
}

/** The secret key plus the public part's scalar. */
function tweakedSecretOf(secretKey: Uint8Array, info: Uint8Array): bigint {
  const tweaked = modulo(fromBytes(secretKey) + tweakOf(info));
  if (tweaked !== 0n) return tweaked;
  throw new SottoError('invalid-argument', 'the public part cancels the key', { field: 'info' });
}

const inverseOf = (scalar: bigint): Bytes => engine().invert(toBytes(scalar));

/** BlindEvaluate; `coins` as for `oprfEvaluateWithProof`. */
export function poprfEvaluateWithProof(
  input: WithInfo & {
    readonly secretKey: Uint8Array;
    readonly blinded: Uint8Array;
    readonly coins: Uint8Array;
  },
): Evaluated {
  const { secretKey, info, blinded, coins } = input;
  const tweaked = tweakedSecretOf(secretKey, info);
  const inverse = fromBytes(inverseOf(tweaked));
  const multiplied = multiplyWithNonces(inverse, [{ points: blinded, coins }]);
  const evaluated = multiplied[0]!.multiples;
  const publicKey = oprfPublicKey({ secretKey: toBytes(tweaked) });
  // The other way round: what was divided by the scalar gives the blinded points when multiplied.
  const statement = { context: CONTEXT, publicKey, before: evaluated, after: blinded };
  const [proof] = generateProofs([statement], tweaked, multiplied);
  return { evaluated, proof: proof! };
}

/** Finalize: 64 n bytes; the proof is checked first. Blind with `oprfBlind` in the mode POPRF. */
export function poprfFinalize(
  input: WithInfo & {
    readonly publicKey: Uint8Array;
    readonly inputs: readonly Uint8Array[];
    readonly blinds: Uint8Array;
    readonly blinded: Uint8Array;
    readonly evaluated: Uint8Array;
    readonly proof: Uint8Array;
  },
): { outputs: Bytes } {
  const { info, inputs, blinded, evaluated, proof } = input;
  checkColumn('blinded', blinded, inputs.length);
  checkColumn('evaluated', evaluated, inputs.length);
  const publicKey = tweakedKeyOf(input.publicKey, info);
  verifyProof({ context: CONTEXT, publicKey, before: evaluated, after: blinded }, proof);
  return outputsOf(inputs, unblind(input), info);
}

/** Evaluate by the key's owner: 64 n bytes. */
export function poprfEvaluateDirect(
  input: WithInfo & { readonly secretKey: Uint8Array; readonly inputs: readonly Uint8Array[] },
): { outputs: Bytes } {
  const { secretKey, info, inputs } = input;
  const inverse = inverseOf(tweakedSecretOf(secretKey, info));
  const elements = engine().deriveAndMultiply(inverse, hashToUniform(inputs, CONTEXT));
  refuseIdentity(elements);
  return outputsOf(inputs, elements, info);
}
