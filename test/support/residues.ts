/** What a test does with residues by itself: transforms, sums and packing, over the limbs of a ring. */
import { N } from '../../src/kernels/field.ts';
import { add, forward, inverse, load, store, work } from '../../src/kernels/ring.ts';
import type { Ring } from '../../src/primitives/he/index.ts';
import { type Fields, fieldsOf } from '../../src/primitives/he/parameters.ts';
import { packInto, polynomialBytes } from '../../src/primitives/he/residues.ts';

type Field = Fields['data'][number];
const slot = work[0]!;
const other = work[1]!;

/** A fresh array: each limb passed through a slot. */
function mapLimbs(
  ring: Ring,
  residues: Uint32Array,
  change: (field: Field, limb: number) => void,
): Uint32Array {
  const { data } = fieldsOf(ring);
  const result = new Uint32Array(residues.length);
  for (let limb = 0; limb < residues.length / N; limb++) {
    load(slot, residues, limb);
    change(data[limb % data.length]!, limb);
    store(slot, result, limb);
  }
  return result;
}

interface Residues {
  readonly ring: Ring;
  readonly residues: Uint32Array;
}

/** Coefficient residues -> residues in NTT order. */
export const forwardResidues = ({ ring, residues }: Residues): Uint32Array =>
  mapLimbs(ring, residues, (field) => forward(slot, field));

/** Residues in NTT order -> coefficient residues. */
export const inverseResidues = ({ ring, residues }: Residues): Uint32Array =>
  mapLimbs(ring, residues, (field) => inverse(slot, field));

/** Sum of two lists of residues, entry by entry. */
export const addResidues = ({
  ring,
  a,
  b,
}: {
  readonly ring: Ring;
  readonly a: Uint32Array;
  readonly b: Uint32Array;
}): Uint32Array =>
  mapLimbs(ring, a, (field, limb) => {
    load(other, b, limb);
    add(slot, other, slot, field);
  });

/** m x limbs x N residues -> bytes, each limb at ceil(log2 p) bits: what `unpackResidues` reads. */
export function packResidues({ ring, residues }: Residues): Uint8Array {
  const { data, words } = fieldsOf(ring);
  const packed = new Uint8Array((residues.length / words) * polynomialBytes(data));
  packInto(packed, 0, residues, data);
  return packed;
}
