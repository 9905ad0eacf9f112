/**
 * Goal: kernels work in memory that was claimed when they were loaded, and nothing holds a view of it. Method: every
 * face's results before and after the memory has grown, which detaches all views that there are.
 */
import { expect, test } from 'vitest';
import { embedPhasors, HALF, sineTransform } from '../../src/kernels/embedding.ts';
import { fieldOf, N } from '../../src/kernels/field.ts';
import { claim, kernels } from '../../src/kernels/instance.ts';
import * as integers from '../../src/kernels/integers.ts';
import * as ring from '../../src/kernels/ring.ts';
import { drawError, drawTernary, ERROR_BYTES, TERNARY_BYTES } from '../../src/kernels/sampler.ts';
import { dataPrimes } from '../../src/primitives/he/index.ts';
import { randomResidues } from '../support/ring.ts';

const PAGE = 65536;
const primes = dataPrimes([28, 27]);
const fields = primes.map(fieldOf);
const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * i) % 241);

const read = (slot: number): Uint32Array => {
  const residues = new Uint32Array(N);
  ring.store(slot, residues, 0);
  return residues;
};

/** What every function that takes or gives arrays makes of the same input. */
function everything(): unknown[] {
  const [a, b] = [ring.work[0]!, ring.work[1]!];
  const results: unknown[] = [];
  const residues = randomResidues(primes, 1, 3);
  for (const [limb, field] of fields.entries()) {
    ring.load(a, residues, limb);
    ring.forward(a, field);
    ring.multiply(a, a, b, field);
    const packed = new Uint8Array(ring.packedBytes(field.width));
    ring.pack(b, field, packed, 0);
    results.push(read(b), packed, ring.unpack(a, field, packed, 0), read(a));
    results.push(ring.expand(a, bytes(64), limb, field), read(a));
  }
  for (const limb of [0, 1]) ring.load(ring.work[limb]!, residues, limb);
  ring.round([a, b], fields, 20);
  for (const width of [35, 30]) {
    const packed = new Uint8Array(ring.packedBytes(width));
    ring.packWords(width, packed, 0);
    results.push(packed, ring.unpackWords(width, packed, 0, 2n ** 35n));
    ring.spread(a, fields[0]!, 20);
    results.push(read(a));
  }
  results.push(drawTernary(a, bytes(TERNARY_BYTES)), read(a));
  drawError(a, bytes(ERROR_BYTES));
  ring.loadTernary(
    b,
    Int8Array.from({ length: N }, (_, i) => (i % 3) - 1),
  );
  ring.load(a, residues, 0);
  results.push(read(a), ring.ternaryConstant(a, b, fields[0]!), ring.constantOf(a, fields[0]!));
  integers.loadIntegers(0, Int16Array.from(residues), 0, N);
  results.push(integers.innerInteger(0, a, fields[0]!));
  integers.clearWords();
  integers.addColumns(Uint32Array.of(123456));
  integers.reduceWords(a, fields[1]!);
  integers.fold(a, b, fields[1]!);
  const folded = new Uint32Array(HALF);
  integers.storeFolded(b, folded, 0);
  results.push(read(a), folded);
  const coefficients = new Int32Array(2 * N);
  const factors = { real: Float64Array.of(1000, 2), imaginary: Float64Array.of(3, 500) };
  embedPhasors(residues.subarray(0, HALF), primes[0]!, factors, coefficients);
  const transform = new Int16Array(HALF);
  sineTransform(new Float64Array(residues.subarray(0, HALF)), 2 ** -20, transform);
  results.push(coefficients, transform);
  return results;
}

test('no kernel claims memory after it was loaded, or minds that memory has grown', () => {
  const first = everything();
  const { buffer } = kernels.memory;
  expect(everything()).toEqual(first);
  expect(kernels.memory.buffer).toBe(buffer);
  claim(2 * PAGE);
  expect(buffer.byteLength).toBe(0);
  expect(everything()).toEqual(first);
});
