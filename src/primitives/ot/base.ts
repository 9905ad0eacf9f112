/**
 * Base transfers: endemic oblivious transfer of Masny and Rindal (CCS 2019, ePrint 2019/706) from the key
 * agreement of Diffie and Hellman in ristretto255, secure against malicious parties in the random-oracle model.
 *
 *   receiver, choice c:  A = a G;  R_(1-c) uniform;  R_c = A - H(c, R_(1-c))            says R_0, R_1
 *   sender:              A_j = R_j + H(j, R_(1-j));  B_j = b_j G;  K_j = KDF(b_j A_j)    says B_0, B_1
 *   receiver:            K_c = KDF(a B_c)
 *
 * It is that paper's construction of a transfer in two messages from a key agreement whose messages are uniform,
 * with an instance of the key agreement, so an exponent of the sender, for each j of each transfer. R_0, R_1 are
 * uniform whatever c is. The paper proves, by simulation with H programmed, that it realises the endemic
 * functionality for malicious parties of either role where keys of the agreement are indistinguishable from random:
 * decisional Diffie-Hellman. Its variants with one exponent for both j, or for many transfers (McQuoid, Rosulek, Roy,
 * "Batching Base Oblivious Transfers", ASIACRYPT 2021) need other assumptions or arguments, and are not used.
 *
 * "Endemic": a corrupted party may choose its own keys. An extension allows that, and so do records hidden under
 * the keys (records.ts): whoever chose a key learns with it what it was to learn anyhow.
 *
 * All of a batch's hashes carry the session, the transfer's number and j.
 */
import { hash } from 'node:crypto';
import { type Bytes, concat, lengthPrefixed } from '../../base/bytes.ts';
import { SottoError } from '../../base/errors.ts';
import { UNIFORM_BYTES } from '../../kernels/ristretto.ts';
import { POINT_BYTES, pointsFromUniform } from '../group/index.ts';
import { sha256 } from '../hashing/index.ts';
import {
  combineEach,
  isIdentity,
  multiplyEach,
  multiplyGenerator,
  pointAt,
} from '../oprf/points.ts';
import { COIN_BYTES, scalarAt, scalarsFromCoins, toBytes } from '../oprf/scalars.ts';
import { SEED_BYTES } from '../prg/index.ts';
import { bitAt, KAPPA } from './bits.ts';

/** Coins of the receiver, for one transfer: a scalar and a uniform point. And of the sender: two scalars. */
export const CHOICE_COINS = COIN_BYTES + UNIFORM_BYTES;
export const ANSWER_COINS = 2 * COIN_BYTES;
/** Two points a transfer. */
export const PAIR_BYTES = 2 * POINT_BYTES;
/** The same of the transfers that an extension begins with. */
export const BASE_CHOICE_COINS = KAPPA * CHOICE_COINS;
export const BASE_ANSWER_COINS = KAPPA * ANSWER_COINS;
export const BASE_MESSAGE_BYTES = KAPPA * PAIR_BYTES;

interface OfSession {
  /** Both parties' name for this set of transfers, never used for another. */
  readonly session: Uint8Array;
  /** Transfers of the set; absent: KAPPA. */
  readonly count?: number;
}

/** The receiver's points. `choices`: a bit a transfer. `secrets` is for `otBaseOpen` and for nobody else. */
export function otBaseChoose(
  input: OfSession & { readonly choices: Uint8Array; readonly coins: Uint8Array },
): { secrets: Bytes; offered: Bytes } {
  const { session, count = KAPPA, choices, coins } = input;
  checkLength('coins', coins, count * CHOICE_COINS, 'invalid-argument');
  checkLength('choices', choices, Math.ceil(count / 8), 'invalid-argument');
  const secrets = scalarsFromCoins(coins.subarray(0, count * COIN_BYTES), count);
  const others = pointsFromUniform(coins.subarray(count * COIN_BYTES));
  const publics = multiplyGenerator(secrets);
  const masks = forAll(count, (i) =>
    hashToPoint(session, i, bitAt(choices, i), pointAt(others, i)),
  );
  const own = combineEach(publics, '-', masks);
  const offered = forAll(count, (i) => {
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
  const { session, count = KAPPA, offered, coins } = input;
  checkLength('coins', coins, count * ANSWER_COINS, 'invalid-argument');
  checkMessage(offered, count);
  const secrets = scalarsFromCoins(coins, 2 * count);
  const masks = forAllPairs(count, (i, j) =>
    hashToPoint(session, i, j, pointAt(offered, 2 * i + 1 - j)),
  );
  const publics = combineEach(offered, '+', masks);
  const answered = multiplyGenerator(secrets);
  const agreed = multiplyEach(secrets, publics);
  const keys = forAllPairs(count, (i, j) =>
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
  const { session, count = KAPPA, choices, secrets, offered, answered } = input;
  checkMessage(answered, count);
  const chosen = forAll(count, (i) => pointAt(answered, 2 * i + bitAt(choices, i)));
  const scalars = Array.from({ length: count }, (_, i) => scalarAt(secrets, i)!);
  const agreed = multiplyEach(scalars, chosen);
  const keys = forAll(count, (i) =>
    keyOf(session, i, bitAt(choices, i), offered, pointAt(chosen, i), pointAt(agreed, i)),
  );
  return { keys };
}

function hashToPoint(session: Uint8Array, i: number, j: number, other: Uint8Array): Bytes {
  const input = lengthPrefixed('sotto.ot.v1.base.point', session, placeOf(i, j), other);
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
  const key = sha256('sotto.ot.v1.base.key', session, placeOf(i, j), points, answer, agreed);
  return key.slice(0, SEED_BYTES);
}

/** The transfer's number, in four bytes, and j. */
const placeOf = (i: number, j: number): Uint8Array =>
  Uint8Array.of(i >>> 24, i >>> 16, i >>> 8, i, j);

const forAll = (count: number, of: (i: number) => Uint8Array): Bytes =>
  concat(...Array.from({ length: count }, (_, i) => of(i)));

const forAllPairs = (count: number, of: (i: number, j: 0 | 1) => Uint8Array): Bytes =>
  forAll(count, (i) => concat(of(i, 0), of(i, 1)));

function checkMessage(points: Uint8Array, count: number): void {
  checkLength('points', points, count * PAIR_BYTES, 'protocol-violation');
  for (let position = 0; position < 2 * count; position += 1) {
    if (!isIdentity(pointAt(points, position))) continue;
    throw new SottoError('protocol-violation', 'not the encoding of a usable group element', {
      position,
      of: 2 * count,
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
