/** The ring's tasks that need no key: transforms, sums, packing. */
import { SottoError } from '../../base/errors.ts';
import { N } from '../../kernels/field.ts';
import {
  add,
  forward as forwardSlot,
  inverse as inverseSlot,
  lift,
  load,
  pack,
  packedBytes,
  store,
  unpack,
  work,
} from '../../kernels/ring.ts';
import type { HeTasks, Ring } from './api.ts';
import { type Fields, fieldsOf } from './parameters.ts';

const slot = work[0]!;
const other = work[1]!;

/** Refuses an input of ours of another length: `unit` words an item. */
export function expectLength(name: string, actual: number, expected: number): void {
  if (actual !== expected) {
    throw new SottoError('invalid-argument', `${name} has another length`, { expected, actual });
  }
}

/** Refuses bytes of the peer's of another length. */
export function expectWireLength(name: string, received: number, expected: number): void {
  if (received !== expected) {
    throw new SottoError('protocol-violation', `${name} has another length`, {
      expected,
      received,
    });
  }
}

/** How many items of `unit` words there are. */
function countOf(name: string, length: number, unit: number): number {
  if (length % unit !== 0) {
    throw new SottoError('invalid-argument', `${name} is cut short`, { length, unit });
  }
  return length / unit;
}

export const forward: HeTasks['forward'] = ({ ring, coefficients }) => {
  const { data, words } = fieldsOf(ring);
  const count = countOf('coefficients', coefficients.length, N);
  const residues = new Uint32Array(count * words);
  for (let i = 0; i < count; i++) {
    for (const [limb, field] of data.entries()) {
      load(slot, coefficients, i);
      lift(slot, field);
      forwardSlot(slot, field);
      store(slot, residues, i * data.length + limb);
    }
  }
  return residues;
};

/** A fresh array: each limb passed through a slot. */
function mapLimbs(
  ring: Ring,
  residues: Uint32Array,
  change: (field: Fields['data'][number]) => void,
): Uint32Array {
  const { data, words } = fieldsOf(ring);
  const limbs = countOf('residues', residues.length, words) * data.length;
  const result = new Uint32Array(residues.length);
  for (let limb = 0; limb < limbs; limb++) {
    load(slot, residues, limb);
    change(data[limb % data.length]!);
    store(slot, result, limb);
  }
  return result;
}

export const forwardResidues: HeTasks['forwardResidues'] = ({ ring, residues }) =>
  mapLimbs(ring, residues, (field) => forwardSlot(slot, field));

export const inverseResidues: HeTasks['inverseResidues'] = ({ ring, residues }) =>
  mapLimbs(ring, residues, (field) => inverseSlot(slot, field));

export const addResidues: HeTasks['addResidues'] = ({ ring, a, b }) => {
  expectLength('b', b.length, a.length);
  let limb = 0;
  return mapLimbs(ring, a, (field) => {
    load(other, b, limb++);
    add(slot, other, slot, field);
  });
};

/** Bytes of a packed polynomial over all limbs given. */
export const polynomialBytes = (fields: Fields['data']): number =>
  fields.reduce((sum, { width }) => sum + packedBytes(width), 0);

/** Packs polynomials over `fields` at `offset` of `target`. */
export function packInto(
  target: Uint8Array,
  offset: number,
  residues: Uint32Array,
  fields: Fields['data'],
): void {
  const limbs = residues.length / N;
  for (let limb = 0, at = offset; limb < limbs; limb++) {
    const field = fields[limb % fields.length]!;
    load(slot, residues, limb);
    pack(slot, field, target, at);
    at += packedBytes(field.width);
  }
}

/** The inverse, for bytes of the peer's that are known to be long enough. */
export function unpackFrom(
  source: Uint8Array,
  offset: number,
  count: number,
  fields: Fields['data'],
): Uint32Array {
  const limbs = count * fields.length;
  const residues = new Uint32Array(limbs * N);
  for (let limb = 0, at = offset; limb < limbs; limb++) {
    const field = fields[limb % fields.length]!;
    if (!unpack(slot, field, source, at)) {
      throw new SottoError('protocol-violation', 'a residue is not below its modulus');
    }
    store(slot, residues, limb);
    at += packedBytes(field.width);
  }
  return residues;
}

export const packResidues: HeTasks['packResidues'] = ({ ring, residues }) => {
  const { data, words } = fieldsOf(ring);
  const count = countOf('residues', residues.length, words);
  const packed = new Uint8Array(count * polynomialBytes(data));
  packInto(packed, 0, residues, data);
  return packed;
};

export const unpackResidues: HeTasks['unpackResidues'] = ({ ring, packed, count }) => {
  const { data } = fieldsOf(ring);
  expectWireLength('a packed polynomial', packed.length, count * polynomialBytes(data));
  return unpackFrom(packed, 0, count, data);
};
