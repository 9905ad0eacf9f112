/**
 * Arithmetic in Z_p[X] / (X^4096 + 1), on polynomials that lie in slots of the kernels' memory.
 * Slots are fixed, so that a task allocates nothing; each thread has its own. A slot may hold a
 * secret: whoever put one there wipes it.
 */
import { SottoError } from '../base/errors.ts';
import { type Field, invert, N, quotientOf } from './field.ts';
import { claim, kernels } from './instance.ts';

/** Address of a polynomial of N residues (or of N bytes, or N 64-bit words: two slots). */
export type Slot = number;

/** 64 bytes more than N words, so that the terms of a sum do not compete for the same cache sets. */
const STRIDE = 4 * N + 64;
/** Blocks of SEAL's generator that make one limb. */
const BLOCKS = 8;
/** Most terms that lie in memory at once: three polynomials each, so that they stay in a 2 MiB cache. */
export const MOST_TERMS = 32;

const tile = claim(16 * 128);
const claimSlots = (count: number): Slot => claim(count * STRIDE);

/** Scratch, for a task to use as it likes; gone at the next task. */
export const work: readonly Slot[] = Array.from({ length: 8 }, () => claimSlots(1));
/** N 64-bit words. */
export const words: Slot = claim(8 * N);
/** Bytes of the wire, with the slack that unpacking reads beyond. */
const wire = claim(8 * N + 16);
const plains = claimSlots(MOST_TERMS);
const ciphers = [claimSlots(MOST_TERMS), claimSlots(MOST_TERMS)] as const;

export const plainSlot = (term: number): Slot => plains + term * STRIDE;
export const cipherSlot = (component: 0 | 1, term: number): Slot =>
  ciphers[component] + term * STRIDE;

/** Copies polynomial number `index` of `source` into a slot. */
export function load(slot: Slot, source: Uint32Array | Int32Array, index: number): void {
  new Uint32Array(kernels.memory.buffer, slot, N).set(source.subarray(index * N, (index + 1) * N));
}

/** Copies a slot into polynomial number `index` of `target`. */
export function store(slot: Slot, target: Uint32Array, index: number): void {
  target.set(new Uint32Array(kernels.memory.buffer, slot, N), index * N);
}

export function loadTernary(slot: Slot, ternary: Int8Array): void {
  new Int8Array(kernels.memory.buffer, slot, N).set(ternary);
}

export function wipe(...slots: readonly Slot[]): void {
  for (const slot of slots) new Uint32Array(kernels.memory.buffer, slot, N).fill(0);
}

/** In place: residues -> values at psi^(2 bitrev(i) + 1). */
export function forward(slot: Slot, { tables, p }: Field): void {
  kernels.forwardTransform(slot, tables, p);
}

/** In place: the inverse. */
export function inverse(slot: Slot, { tables, p, degree, degreeQuotient }: Field): void {
  kernels.inverseTransform(slot, tables, p, degree, degreeQuotient);
}

/** In place: signed 32-bit integers -> residues. */
export function lift(slot: Slot, { p }: Field): void {
  kernels.lift(slot, p, Math.floor(2 ** 32 / p), 2 ** 31 % p);
}

export function multiply(a: Slot, b: Slot, result: Slot, { reduction }: Field): void {
  kernels.multiply(a, b, result, ...reduction);
}

export function add(a: Slot, b: Slot, result: Slot, { p }: Field): void {
  kernels.add(a, b, result, p);
}

export function subtract(a: Slot, b: Slot, result: Slot, { p }: Field): void {
  kernels.subtract(a, b, result, p);
}

export const inRange = (slot: Slot, { p }: Field): boolean => kernels.inRange(slot, p) === 1;

/** The constant coefficient of a polynomial in transformed order. */
export const constantOf = (slot: Slot, { p, degree }: Field): number =>
  kernels.mean(slot, p, degree);

/** The constant coefficient of (coefficients) x (ternary coefficients). */
export const ternaryConstant = (coefficients: Slot, ternary: Slot, { p }: Field): number =>
  kernels.ternaryConstant(coefficients, ternary, p);

/** sum_c += sum over the first `terms` term slots of plain x cipher_c, for c = 0, 1; sums stay below p. */
export function accumulate(sum0: Slot, sum1: Slot, terms: number, field: Field): void {
  if (terms > Math.min(MOST_TERMS, field.lazyTerms)) {
    const limit = Math.min(MOST_TERMS, field.lazyTerms);
    throw new SottoError('internal', 'too many terms for one sum', { terms, limit });
  }
  const [cipher0, cipher1] = ciphers;
  kernels.accumulate(plains, cipher0, cipher1, terms, STRIDE, sum0, sum1, tile, ...field.reduction);
}

/**
 * The residues that limb number `limb` of a 64-byte seed stands for, as SEAL expands it; false in the
 * rare case that only SEAL can tell.
 */
export function expand(slot: Slot, seed: Uint8Array, limb: number, { reduction }: Field): boolean {
  new Uint8Array(kernels.memory.buffer, wire, seed.length).set(seed);
  return kernels.expand(wire, limb * BLOCKS, slot, ...reduction) === 1;
}

/** A slot's residues at the field's width, appended at `offset` of `target`: N width / 8 bytes. */
export function pack(slot: Slot, { width }: Field, target: Uint8Array, offset: number): void {
  kernels.pack(slot, width, wire);
  target.set(new Uint8Array(kernels.memory.buffer, wire, packedBytes(width)), offset);
}

/** The inverse; false where a residue is not below its prime. */
export function unpack(slot: Slot, { p, width }: Field, source: Uint8Array, offset: number) {
  loadWire(source, offset, width);
  return kernels.unpack(wire, width, slot, p - 1) === 1;
}

/** Bytes of one polynomial at a width in bits. */
export const packedBytes = (width: number): number => (N / 8) * width;

function loadWire(source: Uint8Array, offset: number, width: number): void {
  const bytes = source.subarray(offset, offset + packedBytes(width));
  new Uint8Array(kernels.memory.buffer, wire, bytes.length).set(bytes);
}

/**
 * `words` = the integers below q = p1 (p2) that the limbs stand for, rounded to the nearest multiple
 * of 2^dropBits, halves up, in units of it.
 */
export function round(limbs: readonly Slot[], fields: readonly Field[], dropBits: number): void {
  if (fields.length === 1) {
    kernels.roundOne(limbs[0]!, words, dropBits);
    return;
  }
  const [p1, p2] = [fields[0]!.p, fields[1]!.p];
  const inverseOfFirst = invert(p1 % p2, p2);
  const quotient = quotientOf(inverseOfFirst, p2);
  const multiple = Math.ceil(p1 / p2) * p2;
  const [first, second] = [limbs[0]!, limbs[1]!];
  kernels.roundTwo(first, second, words, dropBits, p1, p2, inverseOfFirst, quotient, multiple);
}

/** `words` times 2^dropBits (below 2^61), mod p. */
export function spread(slot: Slot, { reduction }: Field, dropBits: number): void {
  kernels.spread(words, dropBits, slot, ...reduction);
}

/** `words` at a width of at most 63 bits, into `target`. */
export function packWords(width: number, target: Uint8Array, offset: number): void {
  if (width > 32) {
    kernels.packWide(words, width, wire);
  } else {
    narrow();
    kernels.pack(words, width, wire);
  }
  target.set(new Uint8Array(kernels.memory.buffer, wire, packedBytes(width)), offset);
}

/** The inverse; false where a word is above `limit`. */
export function unpackWords(width: number, source: Uint8Array, offset: number, limit: bigint) {
  loadWire(source, offset, width);
  return kernels.unpackWide(wire, width, words, limit) === 1;
}

/** 64-bit words -> 32-bit words, in place. */
function narrow(): void {
  const view = new Uint32Array(kernels.memory.buffer, words, 2 * N);
  for (let i = 1; i < N; i++) view[i] = view[2 * i]!;
}
