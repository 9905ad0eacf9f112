/** What a hostile or broken sender does to bytes and to protobuf messages. */
import { concat } from '../../src/base/bytes.ts';

/** The next 32 coins of a case. */
export type Word = () => number;

export const below = (word: Word, bound: number): number => word() % Math.max(1, bound);
export const oneOf = <T>(word: Word, choices: readonly T[]): T =>
  choices[below(word, choices.length)]!;

/** Positions near the ends are as likely as all others together: that is where lengths and tags are. */
function place(word: Word, length: number): number {
  const kind = word() % 4;
  if (kind === 0) return below(word, Math.min(length, 24));
  if (kind === 1) return Math.max(0, length - 1 - below(word, Math.min(length, 24)));
  return below(word, length);
}

type ByteMutation = (honest: Uint8Array, word: Word, donor: Uint8Array) => Uint8Array;

const edited = (honest: Uint8Array, edit: (copy: Uint8Array) => void): Uint8Array => {
  const copy = Uint8Array.from(honest);
  edit(copy);
  return copy;
};

const BYTES: readonly ByteMutation[] = [
  (honest, word) =>
    edited(honest, (copy) => {
      for (let flips = 1 + below(word, 3); flips > 0 && copy.length > 0; flips--)
        copy[place(word, copy.length)]! ^= 1 << below(word, 8);
    }),
  (honest, word) => honest.slice(0, place(word, honest.length)), // truncated
  (honest, word) => honest.slice(1 + below(word, 16)), // cut in front
  (honest, word) => concat(honest, new Uint8Array(1 + below(word, 64)).fill(word())),
  (honest, word) =>
    edited(honest, (copy) => {
      const start = place(word, copy.length);
      copy.fill(oneOf(word, [0, 0xff, 0x80]), start, start + 1 + below(word, 40));
    }),
  (honest, word) => {
    const at = place(word, honest.length); // a part is missing
    return concat(honest.slice(0, at), honest.slice(at + 1 + below(word, 32)));
  },
  (honest, word) => {
    const [at, from] = [place(word, honest.length), place(word, honest.length)];
    const part = honest.slice(from, from + 1 + below(word, 64)); // a part comes twice
    return concat(honest.slice(0, at), part, honest.slice(at));
  },
  (honest, word, donor) => {
    const [at, from] = [place(word, honest.length), place(word, donor.length)];
    return concat(honest.slice(0, at), donor.slice(from)); // the head of one, the tail of another
  },
  (_, _word, donor) => Uint8Array.from(donor),
  () => new Uint8Array(0),
  (honest) => new Uint8Array(honest.length),
  (_, word) => Uint8Array.from({ length: below(word, 200) }, () => word()),
];

export function mutateBytes(honest: Uint8Array, word: Word, donor = honest): Uint8Array {
  return oneOf(word, BYTES)(honest, word, donor);
}

/** A field of an encoded message: its tag, and what stands behind it. */
interface Field {
  readonly no: number;
  /** 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes. */
  readonly type: number;
  readonly value: Uint8Array;
}

const HUGE: readonly Uint8Array[] = [
  [0],
  [1],
  [0x7f],
  [0xff, 0xff, 0xff, 0xff, 0x07], // 2^31 - 1
  [0x80, 0x80, 0x80, 0x80, 0x08], // 2^31
  [0xff, 0xff, 0xff, 0xff, 0x0f], // 2^32 - 1
  [0x80, 0x80, 0x80, 0x80, 0x10], // 2^32
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f], // 2^53 and more
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], // -1
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], // one byte too many
  [0x80, 0x80, 0x80], // never ends
].map((bytes) => Uint8Array.from(bytes));

const DOUBLES: readonly number[] = [0, -0, NaN, Infinity, -Infinity, -1, 1e-320, 1e308, 0.125, 7e9];

export function varint(value: number): Uint8Array {
  const bytes = [];
  let left = value;
  for (; left > 0x7f; left = Math.floor(left / 128)) bytes.push((left % 128) | 0x80);
  return Uint8Array.from([...bytes, left]);
}

/** The fields of a message, or undefined for bytes that are none. */
export function fieldsOf(bytes: Uint8Array): Field[] | undefined {
  const fields: Field[] = [];
  let at = 0;
  const number = (): number => {
    let value = 0;
    for (let shift = 1; at < bytes.length; shift *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value;
    }
    return Number.NaN;
  };
  while (at < bytes.length) {
    const tag = number();
    const [no, type] = [Math.floor(tag / 8), tag % 8];
    const start = at;
    if (type === 0) number();
    else if (type === 1) at += 8;
    else if (type === 5) at += 4;
    else if (type === 2) {
      const length = number();
      fields.push({ no, type, value: bytes.slice(at, at + length) });
      at += length;
      if (!(at <= bytes.length)) return undefined;
      continue;
    } else return undefined;
    if (!(no > 0 && at <= bytes.length)) return undefined;
    fields.push({ no, type, value: bytes.slice(start, at) });
  }
  return fields;
}

const encodeField = ({ no, type, value }: Field, length = value.length): Uint8Array =>
  concat(varint(8 * no + type), type === 2 ? varint(length) : new Uint8Array(0), value);

export const encodeFields = (fields: readonly Field[]): Uint8Array =>
  concat(...fields.map((field) => encodeField(field)));

function double(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return bytes;
}

/** One field as something else; inside what may be a message, or may not, both are tried. */
function mutateField(field: Field, word: Word, donor: Uint8Array): Uint8Array {
  const { no, type, value } = field;
  if (word() % 12 === 0) return encodeField({ no, type: below(word, 8), value }); // another wire type
  if (type === 0) return encodeField({ no, type, value: oneOf(word, HUGE) });
  if (type === 1) return encodeField({ no, type, value: double(oneOf(word, DOUBLES)) });
  if (type === 5) return encodeField({ no, type, value: mutateBytes(value, word) });
  if (word() % 8 === 0) {
    const length = oneOf(word, [value.length + 1, value.length - 1, 2 ** 31, 2 ** 32, 2 ** 52]);
    return encodeField(field, Math.max(0, length)); // a length field that lies
  }
  const inner = fieldsOf(value);
  const nested = inner !== undefined && inner.length > 0 && word() % 8 !== 0;
  const changed = nested ? mutateMessage(value, word, donor) : mutateBytes(value, word, donor);
  return encodeField({ no, type, value: changed });
}

/** A message with one field changed, missing, repeated, foreign or in another place; or with no sense at all. */
export function mutateMessage(honest: Uint8Array, word: Word, donor = honest): Uint8Array {
  const fields = fieldsOf(honest);
  if (fields === undefined || fields.length === 0 || word() % 6 === 0) {
    return mutateBytes(honest, word, donor);
  }
  const at = below(word, fields.length);
  const field = fields[at]!;
  const around = (middle: readonly Uint8Array[]): Uint8Array =>
    concat(encodeFields(fields.slice(0, at)), ...middle, encodeFields(fields.slice(at + 1)));
  switch (word() % 10) {
    case 0:
      return around([]); // left out
    case 1: {
      const times = oneOf(word, [2, 2, 3, 1000]);
      const one = encodeField(field);
      return around(Array.from({ length: one.length > 1000 ? 2 : times }, () => one));
    }
    case 2: {
      const no = oneOf(word, [15, 99, 2047, 2 ** 29 - 1]);
      const unknown = { no, type: below(word, 6), value: oneOf(word, HUGE) };
      return around([encodeField(field), encodeField(unknown)]);
    }
    case 3:
      return around([encodeField({ ...field, no: 1 + below(word, 16) })]); // in another's name
    case 4: {
      const foreign = fieldsOf(donor) ?? [];
      if (foreign.length === 0) break;
      return around([encodeField(oneOf(word, foreign))]);
    }
  }
  return around([mutateField(field, word, donor)]);
}
