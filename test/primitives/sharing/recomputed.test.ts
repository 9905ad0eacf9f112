import { expect, test } from 'vitest';
import { heTasks, N, ringOf } from '../../../src/primitives/he/index.ts';
import { sharingTasks } from '../../../src/primitives/sharing/index.ts';
import { randomResidues, wordsFrom } from '../../support/ring.ts';

const ROWS = 2 * N;
const COLUMNS = 3;
const word = wordsFrom(11);
const columns = Array.from({ length: COLUMNS }, () =>
  sharingTasks.encodeColumn({
    values: Float64Array.from({ length: ROWS }, () => (word() / 2 ** 32) * 8 - 4),
    fractionBits: 8,
    transformScale: 2048,
  }),
);

/** Columns side by side, as a training has them. */
function beside(part: 'integers' | 'transforms'): Int16Array {
  const all = new Int16Array(COLUMNS * ROWS);
  for (const [j, column] of columns.entries()) all.set(column[part], j * ROWS);
  return all;
}

test('products of columns are the same, kept as residues or made anew: the forward one, by block', () => {
  const ring = ringOf([28]);
  const residues = columns.map(({ rowPolynomials }) =>
    heTasks.forward({ ring, coefficients: rowPolynomials }),
  );
  const plain = new Uint32Array(2 * COLUMNS * N);
  const starts: number[] = [];
  for (let block = 0; block < 2; block++) {
    for (const [j, column] of residues.entries()) {
      plain.set(column.subarray(block * N, (block + 1) * N), (block * COLUMNS + j) * N);
      starts.push(j * ROWS + block * N);
    }
  }
  const random = (count: number, seed: number) => randomResidues(ring.primes, count, seed);
  const product = {
    ring,
    cipher0: random(COLUMNS, 1),
    cipher1: random(COLUMNS, 2),
    zero0: random(2, 3),
    zero1: random(2, 4),
    terms: COLUMNS,
    count: 2,
    dropBits: 5,
    keep: 'all',
  } as const;
  const integers = beside('integers');
  const anew = { ...product, integers, starts: Uint32Array.from(starts), reversed: false };
  expect(sharingTasks.integerProduct(anew)).toEqual(heTasks.innerProduct({ ...product, plain }));
});

test('products of columns are the same, kept as residues or made anew: the gradient, by column', () => {
  const ring = ringOf([28, 28]);
  const plain = Uint32Array.from(
    columns.flatMap(({ reversedTransforms }) => [
      ...heTasks.forward({ ring, coefficients: reversedTransforms }),
    ]),
  );
  const random = (count: number, seed: number) => randomResidues(ring.primes, count, seed);
  const product = {
    ring,
    cipher0: random(2, 5),
    cipher1: random(2, 6),
    zero0: random(COLUMNS, 7),
    zero1: random(COLUMNS, 8),
    terms: 2,
    count: COLUMNS,
    dropBits: 9,
    keep: 'constant',
  } as const;
  const starts = Uint32Array.from({ length: 2 * COLUMNS }, (_, i) => i * N);
  const anew = { ...product, integers: beside('transforms'), starts, reversed: true };
  expect(sharingTasks.integerProduct(anew)).toEqual(heTasks.innerProduct({ ...product, plain }));
});
