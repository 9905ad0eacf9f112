/** One proof that a batch of points was multiplied by the scalar behind a public key: RFC 9497 section 2.2. */
import { type Bytes, concat, equalBytes, utf8 } from '../../base/bytes.ts';
import { SottoError } from '../../base/errors.ts';
import { POINT_BYTES, SCALAR_BYTES } from '../group/index.ts';
import { GENERATOR, multiplyEach, multiplyGenerator, pointAt, sumsOfMultiples } from './points.ts';
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

/** Points of one statement that is to be proved, and its own coins: 48 bytes that no other statement gets. */
export interface Unproved {
  readonly points: Uint8Array;
  readonly coins: Uint8Array;
}

/** The multiples of one statement's points; its proof's nonce, and the multiple of the generator by that. */
export interface Multiplied {
  readonly multiples: Bytes;
  readonly nonce: { readonly scalar: bigint; readonly multiple: Uint8Array };
}

/**
 * The key's multiples of all statements' points in one batch, and their proofs' nonces. Two responses to different
 * challenges with one nonce are two equations in the key: hence the coins, each statement's own.
 */
export function multiplyWithNonces(key: bigint, statements: readonly Unproved[]): Multiplied[] {
  const counts = statements.map(({ points }) => countOf(points));
  const nonces = statements.map(({ coins }) => scalarsFromCoins(coins, 1)[0]!);
  const points = concat(...statements.map((each) => each.points));
  const keys = Array.from({ length: points.length / POINT_BYTES }, () => key);
  const all = multiplyEach(keys, points);
  const commitments = multiplyGenerator(nonces);
  let at = 0;
  return nonces.map((scalar, i) => {
    const multiples = all.slice(POINT_BYTES * at, POINT_BYTES * (at + counts[i]!));
    at += counts[i]!;
    return { multiples, nonce: { scalar, multiple: pointAt(commitments, i) } };
  });
}

/** GenerateProof of section 2.2.1 for each statement, of multiples that were calculated with its nonce. */
export function generateProofs(
  statements: readonly Statement[],
  key: bigint,
  multiplied: readonly Multiplied[],
): Bytes[] {
  return proofsOf(
    statements,
    compositesOf(statements),
    key,
    multiplied.map(({ nonce }) => nonce),
  );
}

/** The M of some of a statement's points, of which `from` points come before. A sum of such is the statement's M. */
export const compositeOfPart = (part: Statement, from: number): Bytes =>
  sumsOfMultiples(weightsOf(part, from), part.before);

/** The proof of a statement whose points were multiplied in parts, from the composites of all parts. */
export function proofOfParts(
  of: Pick<Statement, 'context' | 'publicKey'>,
  composites: Uint8Array,
  key: bigint,
  coins: Uint8Array,
): Bytes {
  const ones = Array.from({ length: countOf(composites) }, () => 1n);
  const first = sumsOfMultiples(ones, composites);
  const [scalar] = scalarsFromCoins(coins, 1) as [bigint];
  const nonce = { scalar, multiple: multiplyGenerator([scalar]) };
  return proofsOf([of], [first], key, [nonce])[0]!;
}

/** `firsts`: M of each statement. */
function proofsOf(
  statements: readonly Pick<Statement, 'context' | 'publicKey'>[],
  firsts: readonly Uint8Array[],
  key: bigint,
  nonces: readonly Multiplied['nonce'][],
): Bytes[] {
  // ComputeCompositesFast: who has the key need not sum the multiples a second time.
  const scalars = nonces.flatMap(({ scalar }) => [key, scalar]);
  const both = multiplyEach(scalars, concat(...firsts.flatMap((first) => [first, first])));
  return statements.map((statement, i) => {
    const nonce = nonces[i]!;
    const points = [firsts[i]!, pointAt(both, 2 * i), nonce.multiple, pointAt(both, 2 * i + 1)];
    const challenge = challengeOf(statement, points);
    return concat(toBytes(challenge), toBytes(modulo(nonce.scalar - challenge * key)));
  });
}

/** M of each statement: those of a single point are no sums, and multiplied together. */
function compositesOf(statements: readonly Statement[]): Uint8Array[] {
  const weights = statements.map((each) => weightsOf(each));
  const single = statements.filter((_, i) => weights[i]!.length === 1);
  const multiples = multiplyEach(
    weights.flatMap((each) => (each.length === 1 ? each : [])),
    concat(...single.map(({ before }) => before)),
  );
  return statements.map((statement, i) => {
    if (weights[i]!.length > 1) return sumsOfMultiples(weights[i]!, statement.before);
    return pointAt(multiples, single.indexOf(statement));
  });
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

/** The d_i of section 2.2.1's composites; each is of its point and place alone, here counted from `from`. */
function weightsOf({ context, publicKey, before, after }: Statement, from = 0): bigint[] {
  const count = countOf(before);
  const seed = sha512(prefixed(publicKey), prefixed(concat(utf8('Seed-'), context)));
  const end = utf8('Composite');
  return Array.from({ length: count }, (_, i) =>
    hashToScalar(
      concat(
        prefixed(seed),
        twoBytes(from + i),
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

function challengeOf(
  { context, publicKey }: Pick<Statement, 'context' | 'publicKey'>,
  points: readonly Uint8Array[],
): bigint {
  const message = concat(...[publicKey, ...points].map(prefixed), utf8('Challenge'));
  return hashToScalar(message, context);
}
