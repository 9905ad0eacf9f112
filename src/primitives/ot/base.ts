/**
 * Base transfers: endemic oblivious transfer of Masny and Rindal (CCS 2019, ePrint 2019/706) from the key
 * agreement of Diffie and Hellman in ristretto255, secure against malicious parties in the random-oracle model.
 *
 *   receiver, choice c:  A = a G;  R_(1-c) uniform;  R_c = A - H(c, R_(1-c))            says R_0, R_1
 *   sender:              A_j = R_j + H(j, R_(1-j));  B_j = b_j G;  K_j = KDF(b_j A_j)    says B_0, B_1
 *   receiver:            K_c = KDF(a B_c)
 *
 * R_0, R_1 are uniform whatever c is; a simulator that programs H knows both discrete logarithms, and so the keys
 * of a corrupted sender. A corrupted receiver fixes the A whose H it asks for first, and the other is a random
 * point: its key is a Diffie-Hellman problem. The sender has an exponent for each j, and for each transfer, so
 * that who solves the latter is given b_c while B_(1-c) is the challenge: nothing but the computational
 * assumption is used. (One exponent for many transfers needs more care: McQuoid, Rosulek, Roy, "Batching Base
 * Oblivious Transfers", ASIACRYPT 2021.) "Endemic": a corrupted party may have a say in its own keys, which an
 * extension allows.
 *
 * All of a batch's hashes carry the session, the transfer's number and j.
 */
import { hash } from 'node:crypto';
import { type Bytes, concat, lengthPrefixed } from '../../base/bytes.ts';
import { SottoError } from '../../base/errors.ts';
import { UNIFORM_BYTES } from '../../kernels/ristretto.ts';
import { POINT_BYTES, pointsFromUniform } from '../group/index.ts';
import { sha256 } from '../hashing/index.ts';
import { combineEach, GENERATOR, isIdentity, multiplyEach, pointAt } from '../oprf/points.ts';
import { COIN_BYTES, scalarAt, scalarsFromCoins, toBytes } from '../oprf/scalars.ts';
import { SEED_BYTES } from '../prg/index.ts';
import { bitAt, KAPPA } from './bits.ts';

/** Coins of the receiver: a scalar and a uniform point a transfer. And of the sender: two scalars. */
export const BASE_CHOICE_COINS = KAPPA * (COIN_BYTES + UNIFORM_BYTES);
export const BASE_ANSWER_COINS = KAPPA * 2 * COIN_BYTES;
/** Two points a transfer. */
export const BASE_MESSAGE_BYTES = KAPPA * 2 * POINT_BYTES;

interface OfSession {
  /** Both parties' name for this set of transfers, never used for another. */
  readonly session: Uint8Array;
}

/** The receiver's points. `choices`: KAPPA bits. `secrets` is for `otBaseOpen` and for nobody else. */
export function otBaseChoose(
  input: OfSession & { readonly choices: Uint8Array; readonly coins: Uint8Array },
): { secrets: Bytes; offered: Bytes } {
  const { session, choices, coins } = input;
  checkLength('coins', coins, BASE_CHOICE_COINS, 'invalid-argument');
  checkLength('choices', choices, KAPPA / 8, 'invalid-argument');
  const secrets = scalarsFromCoins(coins.subarray(0, KAPPA * COIN_BYTES), KAPPA);
  const others = pointsFromUniform(coins.subarray(KAPPA * COIN_BYTES));
  const publics = multiplyEach(secrets, repeated(GENERATOR));
  const masks = forAll((i) => hashToPoint(session, i, bitAt(choices, i), pointAt(others, i)));
  const own = combineEach(publics, '-', masks);
  const offered = forAll((i) => {
    const pair = [pointAt(own, i), pointAt(others, i)];
    const choice = bitAt(choices, i);
    return concat(pair[choice]!, pair[1 - choice]!);
  });
  return { secrets: concat(...secrets.map(toBytes)), offered };
}

/** The sender's points and keys: 2 x 16 bytes a transfer. A point that is none is a protocol-violation. */
export function otBaseAnswer(
  input: OfSession & { readonly offered: Uint8Array; readonly coins: Uint8Array },
): { answered: Bytes; keys: Bytes } {
  const { session, offered, coins } = input;
  checkLength('coins', coins, BASE_ANSWER_COINS, 'invalid-argument');
  checkMessage(offered);
  const secrets = scalarsFromCoins(coins, 2 * KAPPA);
  const masks = forAllPairs((i, j) => hashToPoint(session, i, j, pointAt(offered, 2 * i + 1 - j)));
  const publics = combineEach(offered, '+', masks);
  const answered = multiplyEach(secrets, concat(repeated(GENERATOR), repeated(GENERATOR)));
  const agreed = multiplyEach(secrets, publics);
  const keys = forAllPairs((i, j) =>
    keyOf(session, i, j, offered, pointAt(answered, 2 * i + j), pointAt(agreed, 2 * i + j)),
  );
  return { answered, keys };
}

/** The receiver's keys: 16 bytes a transfer. */
export function otBaseOpen(
  input: OfSession & {
    readonly choices: Uint8Array;
    readonly secrets: Uint8Array;
    readonly offered: Uint8Array;
    readonly answered: Uint8Array;
  },
): { keys: Bytes } {
  const { session, choices, secrets, offered, answered } = input;
  checkMessage(answered);
  const chosen = forAll((i) => pointAt(answered, 2 * i + bitAt(choices, i)));
  const scalars = Array.from({ length: KAPPA }, (_, i) => scalarAt(secrets, i)!);
  const agreed = multiplyEach(scalars, chosen);
  const keys = forAll((i) =>
    keyOf(session, i, bitAt(choices, i), offered, pointAt(chosen, i), pointAt(agreed, i)),
  );
  return { keys };
}

function hashToPoint(session: Uint8Array, i: number, j: number, other: Uint8Array): Bytes {
  const input = lengthPrefixed('sotto.ot.v1.base.point', session, Uint8Array.of(i, j), other);
  return pointsFromUniform(new Uint8Array(hash('sha512', input, 'buffer')));
}

function keyOf(
  session: Uint8Array,
  i: number,
  j: number,
  offered: Uint8Array,
  answer: Uint8Array,
  agreed: Uint8Array,
): Bytes {
  const points = offered.subarray(2 * i * POINT_BYTES, 2 * (i + 1) * POINT_BYTES);
  const place = Uint8Array.of(i, j);
  const key = sha256('sotto.ot.v1.base.key', session, place, points, answer, agreed);
  return key.slice(0, SEED_BYTES);
}

const repeated = (point: Uint8Array): Bytes => forAll(() => point);

const forAll = (of: (i: number) => Uint8Array): Bytes =>
  concat(...Array.from({ length: KAPPA }, (_, i) => of(i)));

const forAllPairs = (of: (i: number, j: 0 | 1) => Uint8Array): Bytes =>
  forAll((i) => concat(of(i, 0), of(i, 1)));

function checkMessage(points: Uint8Array): void {
  checkLength('points', points, BASE_MESSAGE_BYTES, 'protocol-violation');
  for (let position = 0; position < 2 * KAPPA; position += 1) {
    if (!isIdentity(pointAt(points, position))) continue;
    throw new SottoError('protocol-violation', 'not the encoding of a usable group element', {
      position,
      of: 2 * KAPPA,
    });
  }
}

/** Holds a column of bytes to its length. */
export function checkLength(
  field: string,
  bytes: Uint8Array,
  expected: number,
  code: 'invalid-argument' | 'protocol-violation',
): void {
  if (bytes.length === expected) return;
  throw new SottoError(code, 'a column has another length', {
    field,
    expected,
    received: bytes.length,
  });
}
