/**
 * One of n records by log n transfers: Naor and Pinkas, "Oblivious Transfer and Polynomial Evaluation" (STOC
 * 1999). Bit j of a record's number names one of the two keys of transfer j, and a record is hidden
 * by the sum of the pseudorandom functions of all its keys at its number; who has one key of each pair opens the
 * one record whose number they spell.
 *
 * The transfers were made of random choices beforehand; `corrections` turns them into those of the wanted number
 * (Beaver, "Precomputing Oblivious Transfer", CRYPTO 1995), and is uniform whatever that number is.
 */
import type { Bytes } from '../../base/bytes.ts';
import { SottoError } from '../../base/errors.ts';
import { keystream, SEED_BYTES } from '../prg/index.ts';
import { checkLength } from './base.ts';
import { asWords, bitAt, xorInto } from './bits.ts';

/** Most records of a set, and most bytes of all of them. */
export const RECORDS_MAX = 1 << 16;
export const RECORDS_BYTES_MAX = 1 << 24;

/** The shape of a set of records, which both parties know. */
export interface RecordSet {
  /** 2 to RECORDS_MAX. */
  readonly count: number;
  /** Bytes of each record, above 0. */
  readonly width: number;
}

/** Transfers that one of `count` records takes: the bits of its number. */
export function transfersFor({ count, width }: RecordSet): number {
  const whole = Number.isInteger(count) && Number.isInteger(width);
  if (
    !whole ||
    count < 2 ||
    count > RECORDS_MAX ||
    width < 1 ||
    count * width > RECORDS_BYTES_MAX
  ) {
    throw new SottoError('invalid-argument', 'records of no usable number or width', {
      records: count,
      limit: RECORDS_MAX,
      width,
      bytes: RECORDS_BYTES_MAX,
    });
  }
  return 32 - Math.clz32(count - 1);
}

/** What turns random choices into the bits of `index`: a bit a transfer, the least significant first. */
export function otCorrections(
  input: RecordSet & { readonly index: number; readonly choices: Uint8Array },
): { corrections: Bytes } {
  const { index, count, choices } = input;
  const bits = transfersFor(input);
  if (!Number.isInteger(index) || index < 0 || index >= count) {
    throw new SottoError('invalid-argument', 'no record has this number', { records: count });
  }
  checkLength('choices', choices, Math.ceil(bits / 8), 'invalid-argument');
  const corrections = new Uint8Array(choices.length);
  for (let j = 0; j < bits; j += 1) {
    corrections[j >> 3]! |= (((index >> j) & 1) ^ bitAt(choices, j)) << (j & 7);
  }
  return { corrections };
}

/** All records, each hidden under its keys. `zero`, `one`: 16 bytes a transfer, used for nothing else. */
export function otSealRecords(
  input: RecordSet & {
    readonly zero: Uint8Array;
    readonly one: Uint8Array;
    readonly corrections: Uint8Array;
    readonly records: Uint8Array;
  },
): { sealed: Bytes } {
  const { count, width, zero, one, corrections, records } = input;
  const bits = transfersFor(input);
  checkLength('zero', zero, SEED_BYTES * bits, 'invalid-argument');
  checkLength('one', one, SEED_BYTES * bits, 'invalid-argument');
  checkLength('records', records, count * width, 'invalid-argument');
  checkLength('corrections', corrections, Math.ceil(bits / 8), 'protocol-violation');
  const sealed = new Uint8Array(records);
  for (let j = 0; j < bits; j += 1) {
    for (const bit of [0, 1] as const) {
      const pads = bit === bitAt(corrections, j) ? zero : one;
      const pad = pads.subarray(SEED_BYTES * j, SEED_BYTES * (j + 1));
      hide(sealed, { count, width }, j, bit, pad);
    }
  }
  return { sealed };
}

/** Adds one key's function to the records that its bit belongs to. */
function hide(
  sealed: Uint8Array,
  { count, width }: RecordSet,
  j: number,
  bit: 0 | 1,
  pad: Uint8Array,
): void {
  const first = bit << j;
  if (first >= count) return;
  const top = (count - 1) >> j;
  const last = (top & 1) === bit ? count - 1 : (top << j) - 1;
  const stream = functionOf(pad, 0, (placeOf(last, j) + 1) * width);
  // By words where records are made of them.
  const unit = width % 4 === 0 ? 4 : 1;
  const [to, from] = unit === 4 ? [asWords(sealed), asWords(stream)] : [sealed, stream];
  const each = width / unit;
  for (let index = first; index < count; index = nextWith(index, j, bit)) {
    const [target, source] = [index * each, placeOf(index, j) * each];
    for (let i = 0; i < each; i += 1) to[target + i]! ^= from[source + i]!;
  }
}

/** The record of the wanted number. `chosen`: 16 bytes a transfer. */
export function otOpenRecord(
  input: RecordSet & {
    readonly index: number;
    readonly chosen: Uint8Array;
    readonly sealed: Uint8Array;
  },
): { record: Bytes } {
  const { index, count, width, chosen, sealed } = input;
  const bits = transfersFor(input);
  checkLength('chosen', chosen, SEED_BYTES * bits, 'invalid-argument');
  checkLength('sealed', sealed, count * width, 'protocol-violation');
  const record = new Uint8Array(sealed.subarray(index * width, (index + 1) * width));
  for (let j = 0; j < bits; j += 1) {
    const pad = chosen.subarray(SEED_BYTES * j, SEED_BYTES * (j + 1));
    xorInto(record, functionOf(pad, placeOf(index, j) * width, width));
  }
  return { record };
}

/** A number without its bit j: numbers that share this bit get different places, with no gaps. */
const placeOf = (index: number, j: number): number =>
  ((index >> (j + 1)) << j) | (index & ((1 << j) - 1));

/** The next number whose bit j is `bit`. */
function nextWith(index: number, j: number, bit: 0 | 1): number {
  const next = index + 1;
  return ((next >> j) & 1) === bit ? next : next + (1 << j);
}

/** The pseudorandom function of a key: bytes `from` to `from` + `length` of its keystream. */
function functionOf(key: Uint8Array, from: number, length: number): Bytes {
  const counter = new Uint8Array(16);
  const skipped = from % 16;
  new DataView(counter.buffer).setUint32(12, (from - skipped) / 16);
  return keystream(key, counter, skipped + length).slice(skipped);
}
