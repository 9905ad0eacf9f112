/** One proof that a batch of points was multiplied by the scalar behind a public key: RFC 9497 section 2.2. */
import { type Bytes, concat, equalBytes, utf8 } from '../../base/bytes.ts';
import { SottoError } from '../../base/errors.ts';
import { engine, POINT_BYTES, SCALAR_BYTES } from '../group/index.ts';
import { GENERATOR, pointAt, sumOfMultiples } from './points.ts';
import { fromBytes, modulo, scalarAt, scalarsFromCoins, toBytes } from './scalars.ts';
import { BATCH_MAX, hashToScalar, prefixed, sha512, twoBytes } from './suite.ts';

/** Challenge and response, 32 bytes each. */
export const PROOF_BYTES = 2 * SCALAR_BYTES;

/** log_G(publicKey) = log_(before_i)(after_i) for all i: what is proved. All of it is public. */
export interface Statement {
  readonly context: Uint8Array;
  readonly publicKey: Uint8Array;
  /** 32 n bytes each. */
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

/**
 * GenerateProof of section 2.2.1. `coins`: 48 bytes, never used for another statement under the same key:
 * two responses to different challenges with one nonce are two equations in the key.
 */
export function generateProof(statement: Statement, key: Uint8Array, coins: Uint8Array): Bytes {
  const [nonce] = scalarsFromCoins(coins, 1);
  const weights = weightsOf(statement);
  // ComputeCompositesFast: who has the key need not sum the multiples a second time.
  const first = sumOfMultiples(weights, statement.before);
  const second = times(key, first);
  const r = toBytes(nonce!);
  const challenge = challengeOf(statement, [first, second, times(r, GENERATOR), times(r, first)]);
  r.fill(0);
  const response = modulo(nonce! - challenge * fromBytes(key));
  return concat(toBytes(challenge), toBytes(response));
}

/** VerifyProof of section 2.2.2; a proof that does not hold is a verification-failed. */
export function verifyProof(statement: Statement, proof: Uint8Array): void {
  const count = statement.before.length / POINT_BYTES;
  const [c, s] = proof.length === PROOF_BYTES ? [scalarAt(proof, 0), scalarAt(proof, 1)] : [];
  // An honest proof has a 0 in it once in 2^251 times.
  if (!c || !s || !isProved(statement, c, s)) {
    throw new SottoError('verification-failed', 'a batch was evaluated under another key', {
      items: count,
    });
  }
}

function isProved(statement: Statement, c: bigint, s: bigint): boolean {
  const { publicKey, before, after } = statement;
  const weights = weightsOf(statement);
  const first = sumOfMultiples(weights, before);
  const second = sumOfMultiples(weights, after);
  const t2 = sumOfMultiples([s, c], concat(GENERATOR, publicKey));
  const t3 = sumOfMultiples([s, c], concat(first, second));
  return equalBytes(toBytes(challengeOf(statement, [first, second, t2, t3])), toBytes(c));
}

/** The d_i of section 2.2.1's composites. */
function weightsOf({ context, publicKey, before, after }: Statement): bigint[] {
  const count = before.length / POINT_BYTES;
  if (count === 0 || count > BATCH_MAX || after.length !== before.length) {
    throw new SottoError('protocol-violation', 'a batch has another number of points', {
      limit: BATCH_MAX,
      before: before.length,
      after: after.length,
    });
  }
  const seed = sha512(prefixed(publicKey), prefixed(concat(utf8('Seed-'), context)));
  const end = utf8('Composite');
  return Array.from({ length: count }, (_, i) =>
    hashToScalar(
      concat(
        prefixed(seed),
        twoBytes(i),
        prefixed(pointAt(before, i)),
        prefixed(pointAt(after, i)),
        end,
      ),
      context,
    ),
  );
}

function challengeOf({ context, publicKey }: Statement, points: readonly Uint8Array[]): bigint {
  const message = concat(...[publicKey, ...points].map(prefixed), utf8('Challenge'));
  return hashToScalar(message, context);
}

/** A scalar times a point that is neither the identity nor from outside. */
const times = (scalar: Uint8Array, point: Uint8Array): Bytes =>
  engine().multiply(scalar, point).products;
