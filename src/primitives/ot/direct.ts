/**
 * Records out of sets, one out of each, in two messages: Naor and Pinkas (STOC 1999) with a base transfer for each
 * bit of a record's number, so that neither party keeps anything of it. Cheaper than an extension, which begins with
 * 128 base transfers, where few records are wanted at a time.
 *
 *   receiver, indices i_1 .. i_m:   the points of its transfers' choices, which are the bits of the indices
 *   sender, m sets of n records:    its points, and all records of each set under the keys that their bits name
 */
import { type Bytes, concat } from '../../base/bytes.ts';
import { SEED_BYTES } from '../prg/index.ts';
import {
  ANSWER_COINS,
  CHOICE_COINS,
  checkLength,
  otBaseAnswer,
  otBaseChoose,
  otBaseOpen,
  PAIR_BYTES,
} from './base.ts';
import { otOpenRecord, otSealRecords, type RecordSet, transfersFor } from './records.ts';

/** Sets of one shape, and both parties' name for this transfer out of them, never used for another. */
export interface RecordSets extends RecordSet {
  readonly session: Uint8Array;
  readonly sets: number;
}

const transfersOf = (input: RecordSets): number => input.sets * transfersFor(input);

/** Bytes of the receiver's message, and of the sender's points: for each party to know beforehand. */
export const directPointBytes = (input: Omit<RecordSets, 'session'>): number =>
  input.sets * transfersFor(input) * PAIR_BYTES;
/** Coins of the receiver, and of the sender. */
export const directCoins = (input: Omit<RecordSets, 'session'>) => {
  const transfers = input.sets * transfersFor(input);
  return { receiver: transfers * CHOICE_COINS, sender: transfers * ANSWER_COINS };
};

/** The receiver's message; `secrets` and `choices` are for `otDirectOpen` and for nobody else. */
export function otDirectChoose(
  input: RecordSets & { readonly indices: readonly number[]; readonly coins: Uint8Array },
): { choices: Bytes; secrets: Bytes; offered: Bytes } {
  const { session, indices, coins } = input;
  const bits = transfersFor(input);
  const count = transfersOf(input);
  const choices = new Uint8Array(Math.ceil(count / 8));
  for (let at = 0; at < count; at += 1) {
    const bit = (indices[Math.floor(at / bits)]! >> (at % bits)) & 1;
    choices[at >> 3]! |= bit << (at & 7);
  }
  return { choices, ...otBaseChoose({ session, count, choices, coins }) };
}

/** The sender's answer. `records`: of all sets, back to back. Points that are none are a protocol-violation. */
export function otDirectSend(
  input: RecordSets & {
    readonly offered: Uint8Array;
    readonly records: Uint8Array;
    readonly coins: Uint8Array;
  },
): { answered: Bytes; sealed: Bytes } {
  const { session, sets, count: records, width, offered, coins } = input;
  const bits = transfersFor(input);
  const size = records * width;
  checkLength('records', input.records, sets * size, 'invalid-argument');
  const count = transfersOf(input);
  const { answered, keys } = otBaseAnswer({ session, count, offered, coins });
  const corrections = new Uint8Array(Math.ceil(bits / 8)); // none: the choices were the bits themselves
  const sealed = Array.from({ length: sets }, (_, set) => {
    const pads = (j: 0 | 1): Bytes =>
      concat(...Array.from({ length: bits }, (__, bit) => keyAt(keys, 2 * (set * bits + bit) + j)));
    return otSealRecords({
      count: records,
      width,
      zero: pads(0),
      one: pads(1),
      corrections,
      records: input.records.subarray(set * size, (set + 1) * size),
    }).sealed;
  });
  keys.fill(0);
  return { answered, sealed: concat(...sealed) };
}

/** The wanted record of each set, back to back. */
export function otDirectOpen(
  input: RecordSets & {
    readonly indices: readonly number[];
    readonly choices: Uint8Array;
    readonly secrets: Uint8Array;
    readonly offered: Uint8Array;
    readonly answered: Uint8Array;
    readonly sealed: Uint8Array;
  },
): { records: Bytes } {
  const { session, sets, count: records, width, indices, choices, secrets, offered } = input;
  const { answered, sealed } = input;
  const bits = transfersFor(input);
  const size = records * width;
  checkLength('sealed', sealed, sets * size, 'protocol-violation');
  const count = transfersOf(input);
  const { keys } = otBaseOpen({ session, count, choices, secrets, offered, answered });
  const opened = indices.map((index, set) => {
    const chosen = keys.subarray(SEED_BYTES * bits * set, SEED_BYTES * bits * (set + 1));
    const one = sealed.subarray(set * size, (set + 1) * size);
    return otOpenRecord({ count: records, width, index, chosen, sealed: one }).record;
  });
  keys.fill(0);
  return { records: concat(...opened) };
}

const keyAt = (keys: Uint8Array, at: number): Uint8Array =>
  keys.subarray(SEED_BYTES * at, SEED_BYTES * (at + 1));
