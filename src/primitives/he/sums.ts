/** Sums of chosen summands under encryption: ciphertexts of summands in, one finished ciphertext a sum out. */
import { SottoError } from '../../base/errors.ts';
import { N } from '../../kernels/field.ts';
import {
  accumulate,
  cipherSlot,
  constantOf,
  forward,
  inverse,
  lift,
  load,
  MOST_TERMS,
  multiply,
  packedBytes,
  packWords,
  plainSlot,
  round,
  store,
  subtract,
  wipe,
  work,
} from '../../kernels/ring.ts';
import { modulo, remaindersOf } from '../../math/torus.ts';
import { cutOf, type Fields, fieldsOf } from './parameters.ts';
import { expectLength } from './residues.ts';
import { FINISHED_RING, SUM_DROP_BITS, SUM_RING } from './sum-parameters.ts';
import { FIRST_BYTES, inverseMod } from './summands.ts';

export interface SumInput {
  /** Places of the chosen summands, each below blocks x N, no place twice. Secret; never sent. */
  readonly selected: Uint32Array;
  readonly columns: number;
  /** column x block x limb x N residues. */
  readonly cipher0: Uint32Array;
  readonly cipher1: Uint32Array;
  /** column x limb x N residues: a fresh public zero for each sum. */
  readonly zero0: Uint32Array;
  readonly zero1: Uint32Array;
  /** column x limb residues: the encoded number to add to each sum, and its flood. See `encodeConstant`. */
  readonly constants: Uint32Array;
}

/** One finished ciphertext a column: all that the evaluator sends of a sum. */
export interface Sums {
  /** 8 bytes a column, little-endian: the constant coefficient of c0', below q'. */
  readonly first: Uint8Array;
  /** column x N packed coefficients of c1'. */
  readonly second: Uint8Array;
}

/**
 * For each column the sum of the chosen summands plus its constant. Every sum has a fresh zero of the owner's public
 * key added before it is divided and rounded, so that c1' is an RLWE sample and says nothing of the choice; of c0'
 * the constant coefficient alone is given, whose error the flood in `constants` hides.
 */
export function sumSelected(input: SumInput): Sums {
  const fields = fieldsOf(SUM_RING);
  const blocks = checkSum(input, fields);
  const multipliers = multipliersOf(input.selected, blocks);
  const c0 = input.zero0.slice();
  const c1 = input.zero1.slice();
  for (const [limb, field] of fields.data.entries()) {
    const most = Math.min(MOST_TERMS, field.lazyTerms);
    for (let from = 0; from < blocks; from += most) {
      addBlocks(
        input,
        multipliers,
        { limb, from, to: Math.min(from + most, blocks), blocks },
        c0,
        c1,
      );
    }
  }
  multipliers.fill(0);
  const { width } = cutOf(FINISHED_RING, SUM_DROP_BITS);
  const first = new Uint8Array(input.columns * FIRST_BYTES);
  const second = new Uint8Array(input.columns * packedBytes(width));
  for (let column = 0; column < input.columns; column++) {
    const constant = constantResidues(c0, column, input.constants, fields);
    new DataView(first.buffer).setBigUint64(column * FIRST_BYTES, finishConstant(constant), true);
    finish(c1, column, fields);
    packWords(width, second, column * packedBytes(width));
  }
  for (const slot of [
    ...work.slice(0, 5),
    ...Array.from({ length: MOST_TERMS }, (_, i) => plainSlot(i)),
  ]) {
    wipe(slot);
  }
  return { first, second };
}

function checkSum(input: SumInput, { words, data }: Fields): number {
  const { columns, selected, cipher0 } = input;
  const blocks = cipher0.length / (columns * words);
  if (!Number.isInteger(blocks) || blocks < 1) {
    throw new SottoError('invalid-argument', 'ciphertexts are not columns of blocks', {
      columns,
      words: cipher0.length,
    });
  }
  expectLength('cipher1', input.cipher1.length, cipher0.length);
  expectLength('zero0', input.zero0.length, columns * words);
  expectLength('zero1', input.zero1.length, columns * words);
  expectLength('constants', input.constants.length, columns * data.length);
  for (const place of selected) {
    if (place >= blocks * N) {
      throw new SottoError('invalid-argument', 'a place lies beyond the summands', { blocks });
    }
  }
  return blocks;
}

/** Block by block the sum of X^-j over the chosen places j of the block; X^-j = -X^(N - j). */
function multipliersOf(selected: Uint32Array, blocks: number): Int32Array {
  const multipliers = new Int32Array(blocks * N);
  for (const place of selected) {
    const start = place - (place % N);
    if (place === start) multipliers[start] = 1;
    else multipliers[2 * start + N - place] = -1;
  }
  return multipliers;
}

function addBlocks(
  { columns, cipher0, cipher1 }: SumInput,
  multipliers: Int32Array,
  part: {
    readonly limb: number;
    readonly from: number;
    readonly to: number;
    readonly blocks: number;
  },
  c0: Uint32Array,
  c1: Uint32Array,
): void {
  const { data } = fieldsOf(SUM_RING);
  const { limb, from, to, blocks } = part;
  const field = data[limb]!;
  const [sum0, sum1] = [work[0]!, work[1]!];
  for (let block = from; block < to; block++) {
    load(plainSlot(block - from), multipliers, block);
    lift(plainSlot(block - from), field);
    forward(plainSlot(block - from), field);
  }
  for (let column = 0; column < columns; column++) {
    for (let block = from; block < to; block++) {
      const place = (column * blocks + block) * data.length + limb;
      load(cipherSlot(0, block - from), cipher0, place);
      load(cipherSlot(1, block - from), cipher1, place);
    }
    const place = column * data.length + limb;
    load(sum0, c0, place);
    load(sum1, c1, place);
    accumulate(sum0, sum1, to - from, field);
    store(sum0, c0, place);
    store(sum1, c1, place);
  }
}

function constantResidues(
  c0: Uint32Array,
  column: number,
  constants: Uint32Array,
  { data }: Fields,
): number[] {
  return data.map((field, limb) => {
    const place = column * data.length + limb;
    load(work[0]!, c0, place);
    return (constantOf(work[0]!, field) + constants[place]!) % field.p;
  });
}

/** round(c / last prime), modulo the product of the others: BFV's modulus switching, exactly. */
function finishConstant(residues: readonly number[]): bigint {
  const last = BigInt(SUM_RING.primes[2]!);
  const value = remaindersOf(SUM_RING.primes).combine(residues);
  return modulo((2n * value + last) / (2n * last), remaindersOf(FINISHED_RING.primes).modulus);
}

/** The same for every coefficient of c1, in residues: (c - [c] centred) / last. Leaves `words` rounded for the wire. */
function finish(c1: Uint32Array, column: number, { data }: Fields): void {
  const [rest, scratch, unit] = [work[2]!, work[3]!, work[4]!];
  const last = data[2]!;
  load(rest, c1, column * data.length + 2);
  inverse(rest, last);
  const centred = new Uint32Array(N);
  store(rest, centred, 0);
  const signed = Int32Array.from(centred, (r) => (2 * r > last.p ? r - last.p : r));
  const kept = data.slice(0, 2);
  for (const [limb, field] of kept.entries()) {
    load(work[limb]!, c1, column * data.length + limb);
    inverse(work[limb]!, field);
    load(scratch, signed, 0);
    lift(scratch, field);
    subtract(work[limb]!, scratch, work[limb]!, field);
    load(unit, new Uint32Array(N).fill(inverseMod(last.p, field.p)), 0);
    multiply(work[limb]!, unit, work[limb]!, field);
  }
  round([work[0]!, work[1]!], kept, SUM_DROP_BITS);
}
