/** The ring's tasks that need no key: the transform, and packing. */
import { SottoError } from '../../base/errors.ts';
import { N } from '../../kernels/field.ts';
import {
  forward as forwardSlot,
  lift,
  load,
  pack,
  packedBytes,
  store,
  unpack,
  work,
} from '../../kernels/ring.ts';
import type { HeTasks } from './api.ts';
import { type Fields, fieldsOf } from './parameters.ts';

const slot = work[0]!;

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

export const unpackResidues: HeTasks['unpackResidues'] = ({ ring, packed, count }) => {
  const { data } = fieldsOf(ring);
  expectWireLength('a packed polynomial', packed.length, count * polynomialBytes(data));
  return unpackFrom(packed, 0, count, data);
};
