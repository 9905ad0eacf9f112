/**
 * Extension of KAPPA base transfers to as many as wanted: Ishai, Kilian, Nissim, Petrank (CRYPTO 2003) with the
 * consistency check of Roy ("SoftSpokenOT", CRYPTO 2022, ePrint 2022/192, for k = 1), which is also that of the
 * revised Keller, Orsini, Scholl (ePrint 2015/546, section 4).
 *
 *   columns   t_j = PRG(K_j0),  u_j = t_j ^ PRG(K_j1) ^ x      receiver, whose bits x are: says u
 *             q_j = PRG(K_j^s_j) ^ s_j u_j = t_j ^ s_j x       sender, whose base choices are s
 *   rows      q_i = t_i ^ x_i s, so that H(q_i) and H(q_i ^ s) are the sender's pads, and H(t_i) the chosen one
 *
 * A receiver who used other bits in some column would learn bits of s. Hence the sender asks for a universal,
 * linear hash of x and of each t_j, under a challenge drawn after u was said: h(q_j) = h(t_j) ^ s_j h(x) for all
 * j. The check of 2015 folded the columns into one value, and Roy found its proof wrong (Lemma 1 does not hold).
 * Here each column is held for itself, and passing with c columns wrong needs c bits of s guessed: probability
 * 2^-c, or 2^-128 by a collision. The price is one more block of rows with uniform bits, which hides x in h(x).
 */
import type { Bytes } from '../../base/bytes.ts';
import { SottoError } from '../../base/errors.ts';
import { expand, SEED_BYTES } from '../prg/index.ts';
import { checkLength } from './base.ts';
import { addToEach, bitAt, KAPPA, ROW_BYTES, transpose, xorInto } from './bits.ts';
import { HASH_BYTES, hashColumns } from './field-hash.ts';
import { hashRows, permutationKey } from './row-hash.ts';

/** Transfers of one extension, so that a message has at most 4 MiB. */
export const EXTENSION_MAX = 1 << 18;
/** What fills the last block of choices, and the block that hides them in the check. */
export const EXTENSION_COINS = 2 * HASH_BYTES;
export const CHALLENGE_BYTES = HASH_BYTES;
export const COLUMN_HASHES_BYTES = KAPPA * HASH_BYTES;

/** Which of a session's extensions it is: from 0, never twice. */
interface OfBatch {
  readonly batch: number;
  /** 1 to EXTENSION_MAX. */
  readonly count: number;
}

/** Bytes of a column: whole blocks for the transfers, and one more. */
export function columnBytes(count: number): number {
  if (!Number.isInteger(count) || count < 1 || count > EXTENSION_MAX) {
    throw new SottoError('invalid-argument', 'an extension to another number of transfers', {
      limit: EXTENSION_MAX,
      received: count,
    });
  }
  return (Math.ceil(count / KAPPA) + 1) * HASH_BYTES;
}

export interface ReceiverColumns {
  /** The receiver's matrix, by columns: secret. */
  readonly columns: Bytes;
  /** The choices, filled up with coins: secret. */
  readonly bits: Bytes;
}

/**
 * The receiver's half. `keys`: both of each base transfer, 32 bytes; `choices`: a bit a transfer, what is beyond
 * the last is not looked at; `coins`: EXTENSION_COINS fresh bytes. `correction` is for the sender.
 */
export function otExtend(
  input: OfBatch & {
    readonly keys: Uint8Array;
    readonly choices: Uint8Array;
    readonly coins: Uint8Array;
  },
): ReceiverColumns & { correction: Bytes } {
  const { batch, count, keys, choices, coins } = input;
  const bytes = columnBytes(count);
  checkLength('keys', keys, 2 * KAPPA * SEED_BYTES, 'invalid-argument');
  checkLength('choices', choices, Math.ceil(count / 8), 'invalid-argument');
  checkLength('coins', coins, EXTENSION_COINS, 'invalid-argument');
  const bits = filledUp(choices, count, bytes, coins);
  const columns = new Uint8Array(KAPPA * bytes);
  const correction = new Uint8Array(KAPPA * bytes);
  for (let j = 0; j < KAPPA; j += 1) {
    const [zero, one] = [2 * j, 2 * j + 1].map((at) => expand(seedAt(keys, at), batch, bytes));
    columns.set(zero!, j * bytes);
    xorInto(one!, zero!);
    xorInto(one!, bits);
    correction.set(one!, j * bytes);
  }
  return { columns, bits, correction };
}

function filledUp(choices: Uint8Array, count: number, bytes: number, coins: Uint8Array): Bytes {
  const bits = new Uint8Array(bytes);
  bits.set(coins, bytes - EXTENSION_COINS);
  const whole = count >> 3;
  bits.set(choices.subarray(0, whole));
  const mask = (1 << (count & 7)) - 1; // of the choices in the last byte
  if (mask !== 0) bits[whole] = (choices[whole]! & mask) | (bits[whole]! & ~mask);
  return bits;
}

/** The sender's half: its columns. `keys`: the chosen ones; `delta`: the base choices. All secret. */
export function otCorrelate(
  input: OfBatch & {
    readonly keys: Uint8Array;
    readonly delta: Uint8Array;
    readonly correction: Uint8Array;
  },
): { columns: Bytes } {
  const { batch, count, keys, delta, correction } = input;
  const bytes = columnBytes(count);
  checkLength('keys', keys, KAPPA * SEED_BYTES, 'invalid-argument');
  checkLength('correction', correction, KAPPA * bytes, 'protocol-violation');
  const columns = new Uint8Array(KAPPA * bytes);
  for (let j = 0; j < KAPPA; j += 1) {
    const column = expand(seedAt(keys, j), batch, bytes);
    const corrected = correction.slice(j * bytes, (j + 1) * bytes);
    if (bitAt(delta, j) === 0) corrected.fill(0); // so that both choices take the same steps
    xorInto(column, corrected);
    columns.set(column, j * bytes);
  }
  return { columns };
}

/** The receiver's answer to the challenge: the hashes of its bits and of its columns. */
export const otAnswerCheck = (
  input: ReceiverColumns & { readonly challenge: Uint8Array },
): { bits: Bytes; columns: Bytes } => ({
  bits: hashColumns(input.bits, 1, input.challenge),
  columns: hashColumns(input.columns, KAPPA, input.challenge),
});

/**
 * Holds the receiver to one set of bits in all columns, or fails: verification-failed. The session must end then,
 * and nobody learns which column it was.
 */
export function otVerify(input: {
  readonly columns: Uint8Array;
  readonly delta: Uint8Array;
  readonly challenge: Uint8Array;
  readonly answer: { readonly bits: Uint8Array; readonly columns: Uint8Array };
}): void {
  const { columns, delta, challenge, answer } = input;
  checkLength('bits', answer.bits, HASH_BYTES, 'protocol-violation');
  checkLength('columns', answer.columns, COLUMN_HASHES_BYTES, 'protocol-violation');
  const own = hashColumns(columns, KAPPA, challenge);
  let difference = 0;
  for (let j = 0; j < KAPPA; j += 1) {
    const chosen = -bitAt(delta, j);
    for (let i = 0; i < HASH_BYTES; i += 1) {
      const at = j * HASH_BYTES + i;
      difference |= own[at]! ^ answer.columns[at]! ^ (answer.bits[i]! & chosen);
    }
  }
  if (difference === 0) return;
  throw new SottoError('verification-failed', 'the columns of an extension do not agree', {
    columns: KAPPA,
  });
}

interface Rows extends OfBatch {
  readonly session: Uint8Array;
  readonly columns: Uint8Array;
}

/** The receiver's pads: 16 bytes a transfer. */
export const otPads = ({ session, batch, count, columns }: Rows): { chosen: Bytes } => ({
  chosen: hashRows(permutationKey(session), batch, rowsOf(columns, count)),
});

/** The sender's pads, of the choices 0 and 1: 16 bytes each a transfer. */
export function otPadPairs(input: Rows & { readonly delta: Uint8Array }): {
  zero: Bytes;
  one: Bytes;
} {
  const { session, batch, count, columns, delta } = input;
  const key = permutationKey(session);
  const rows = rowsOf(columns, count);
  const zero = hashRows(key, batch, rows);
  addToEach(rows, delta);
  return { zero, one: hashRows(key, batch, rows) };
}

function rowsOf(columns: Uint8Array, count: number): Bytes {
  checkLength('columns', columns, KAPPA * columnBytes(count), 'invalid-argument');
  return transpose(columns).subarray(0, ROW_BYTES * count);
}

const seedAt = (keys: Uint8Array, at: number): Uint8Array =>
  keys.subarray(SEED_BYTES * at, SEED_BYTES * (at + 1));
