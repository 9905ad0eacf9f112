/** One proof that a batch of points was multiplied by the scalar behind a public key: RFC 9497 section 2.2. */
import { type Bytes, concat, equalBytes, utf8 } from '../../base/bytes.ts';
import { SottoError } from '../../base/errors.ts';
import { POINT_BYTES, SCALAR_BYTES } from '../group/index.ts';
import { GENERATOR, multiplyEach, pointAt, sumsOfMultiples } from './points.ts';
import { modulo, scalarAt, scalarsFromCoins, toBytes } from './scalars.ts';
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

/** A proof's nonce, and its multiple of the generator. */
interface Nonce {
  readonly scalar: bigint;
  readonly multiple: Uint8Array;
}

/**
 * The key's multiples of points, of which something is to be proved, with the nonce of that proof in one batch.
 * `coins`: 48 bytes, never used for another statement under the same key: two responses to different challenges
 * with one nonce are two equations in the key.
 */
export function multiplyWithNonce(
  key: bigint,
  points: Uint8Array,
  coins: Uint8Array,
): { multiples: Bytes; nonce: Nonce } {
  const count = countOf(points);
  const [scalar] = scalarsFromCoins(coins, 1) as [bigint];
  const scalars = Array.from({ length: count }, () => key);
  const all = multiplyEach([...scalars, scalar], points, GENERATOR);
  const multiple = pointAt(all, count);
  return { multiples: all.slice(0, points.length), nonce: { scalar, multiple } };
}

/** GenerateProof of section 2.2.1, of multiples that were calculated with that nonce. */
export function generateProof(statement: Statement, key: bigint, nonce: Nonce): Bytes {
  // ComputeCompositesFast: who has the key need not sum the multiples a second time.
  const first = sumsOfMultiples(weightsOf(statement), statement.before);
  const both = multiplyEach([key, nonce.scalar], concat(first, first));
  const points = [first, pointAt(both, 0), nonce.multiple, pointAt(both, 1)];
  const challenge = challengeOf(statement, points);
  const response = modulo(nonce.scalar - challenge * key);
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
  const composites = sumsOfMultiples(weightsOf(statement), before, after);
  const commitments = sumsOfMultiples([s, c], concat(GENERATOR, publicKey), composites);
  const points = [composites, commitments].flatMap((two) => [pointAt(two, 0), pointAt(two, 1)]);
  return equalBytes(toBytes(challengeOf(statement, points)), toBytes(c));
}

/** The d_i of section 2.2.1's composites. */
function weightsOf({ context, publicKey, before, after }: Statement): bigint[] {
  const count = countOf(before);
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

/** How many points there are: 1 to `BATCH_MAX`. */
function countOf(points: Uint8Array): number {
  const count = points.length / POINT_BYTES;
  if (Number.isInteger(count) && count > 0 && count <= BATCH_MAX) return count;
  throw new SottoError('protocol-violation', 'a batch has another number of points', {
    limit: BATCH_MAX,
    received: points.length,
  });
}

function challengeOf({ context, publicKey }: Statement, points: readonly Uint8Array[]): bigint {
  const message = concat(...[publicKey, ...points].map(prefixed), utf8('Challenge'));
  return hashToScalar(message, context);
}
