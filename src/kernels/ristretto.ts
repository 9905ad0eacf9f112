/**
 * ristretto255 (RFC 9496), a batch at a time, in SIMD: what assembly/curve25519 calculates.
 *
 * Elements are 32-byte encodings laid back to back, uniform strings 64 bytes each. Neither an address nor a
 * branch depends on a scalar or a point, but for those of `sumOfMultiples`, which are public. All others, and what
 * came of them, are wiped from the module's memory before a function returns; every thread has its own.
 */
import type { Bytes } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import { inBatches, type RistrettoModule, read, takeOutput, write } from './ristretto-module.ts';

export const ELEMENT_BYTES = 32;
export const UNIFORM_BYTES = 64;
export const SCALAR_BYTES = 32;

/** What `check` says of an encoding; `neither` is one that is not canonical or of no point (section 4.3.1). */
export const VERDICT = { element: 0, identity: 1, neither: 2 } as const;

/** The group's order 2^252 + 27742317777372353535851937790883648493 (section 4), little-endian. */
const ORDER = Uint8Array.from(
  Buffer.from('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010', 'hex'),
);

/** 0 < scalar < order, for 32 bytes. Every byte is looked at. */
export function isScalar(scalar: Uint8Array): boolean {
  let borrow = 0;
  let bits = 0;
  for (let i = 0; i < SCALAR_BYTES; i += 1) {
    borrow = ((scalar[i]! - ORDER[i]! - borrow) >> 31) & 1;
    bits |= scalar[i]!;
  }
  return scalar.length === SCALAR_BYTES && borrow === 1 && bits !== 0;
}

/** 1 / s for each scalar s, modulo the order: 32 n bytes. @throws invalid-argument as `multiply` */
export function invert(scalars: Uint8Array): Bytes {
  const inverses = new Uint8Array(scalars.length);
  wholeCount(scalars, SCALAR_BYTES);
  checkScalars(scalars);
  inBatches(scalars, SCALAR_BYTES, (module, first, n) => {
    module.invertScalars(n);
    takeOutput(module, inverses, first, n);
  });
  return inverses;
}

/** A `VERDICT` for each of the n encodings: n bytes. */
export function check(points: Uint8Array): Bytes {
  const verdicts = new Uint8Array(wholeCount(points, ELEMENT_BYTES));
  inBatches(points, ELEMENT_BYTES, (module, first, n) => {
    module.decodeAll(n);
    verdicts.set(read(module, module.VERDICTS, n), first);
  });
  return verdicts;
}

/** The elements of n uniform strings (section 4.3.4): 32 n bytes. */
export function derive(uniform: Uint8Array): Bytes {
  const elements = new Uint8Array(ELEMENT_BYTES * wholeCount(uniform, UNIFORM_BYTES));
  inBatches(uniform, UNIFORM_BYTES, (module, first, n) => {
    module.derive(n);
    takeOutput(module, elements, first, n);
  });
  return elements;
}

export interface Products {
  /** 32 bytes each; without meaning where a point was refused. */
  readonly products: Bytes;
  /** The first position whose encoding is that of the identity, or of nothing. */
  readonly refused?: number;
}

/**
 * Each point, which may come from anybody, times the scalar of its place (32 n bytes), or times the only one.
 * @throws invalid-argument for a scalar that is not in (0, order)
 */
export function multiply(scalars: Uint8Array, points: Uint8Array): Products {
  const products = new Uint8Array(points.length);
  const verdicts = new Uint8Array(wholeCount(points, ELEMENT_BYTES));
  const factors = new Factors(scalars, verdicts.length);
  inBatches(points, ELEMENT_BYTES, (module, first, n) => {
    module.multiplyDecoded(n, factors.lay(module, first, n));
    takeOutput(module, products, first, n);
    verdicts.set(read(module, module.VERDICTS, n), first);
  });
  return judged(products, verdicts.findIndex(isNoPoint));
}

/** The elements of n uniform strings times scalars as in `multiply`. Faster than one after the other. */
export function deriveAndMultiply(scalars: Uint8Array, uniform: Uint8Array): Bytes {
  const count = wholeCount(uniform, UNIFORM_BYTES);
  const products = new Uint8Array(ELEMENT_BYTES * count);
  const factors = new Factors(scalars, count);
  inBatches(uniform, UNIFORM_BYTES, (module, first, n) => {
    module.multiplyDerived(n, factors.lay(module, first, n));
    takeOutput(module, products, first, n);
  });
  return products;
}

/** The generator (appendix A.1) times each scalar: 32 n bytes, for a third of what another point costs. */
export function multiplyGenerator(scalars: Uint8Array): Bytes {
  const products = new Uint8Array(scalars.length);
  wholeCount(scalars, SCALAR_BYTES);
  checkScalars(scalars);
  inBatches(scalars, SCALAR_BYTES, (module, first, n) => {
    write(
      module,
      module.SCALARS,
      scalars.subarray(SCALAR_BYTES * first, SCALAR_BYTES * (first + n)),
    );
    module.multiplyGenerator(n);
    takeOutput(module, products, first, n);
  });
  return products;
}

/** a_i + b_i for each i, or a_i - b_i. The identity is a point like any other here. */
export function combine(a: Uint8Array, sign: '+' | '-', b: Uint8Array): Products {
  const products = new Uint8Array(a.length);
  const verdicts = new Uint8Array(2 * wholeCount(a, ELEMENT_BYTES));
  inBatches(interleaved(a, b), 2 * ELEMENT_BYTES, (module, first, n) => {
    module.combine(n, sign === '-');
    takeOutput(module, products, first, n);
    verdicts.set(read(module, module.VERDICTS, 2 * n), 2 * first);
  });
  const refused = verdicts.indexOf(VERDICT.neither);
  return judged(products, Math.floor(refused / 2));
}

/**
 * The sum of a column's points, each times the scalar of its place (32 n bytes), and that of a second column with
 * the same scalars: 32 bytes each. Scalars and points are public: the time may tell them.
 */
export function sumsOfMultiples(
  scalars: Uint8Array,
  ...columns: readonly [Uint8Array, Uint8Array?]
): Products {
  const [points, others] = columns;
  const count = wholeCount(points, ELEMENT_BYTES);
  // The kernel has one sum for even places and another for odd ones; those of a single column are added.
  const all = others === undefined ? evened(points, IDENTITY) : interleaved(points, others);
  const each = others === undefined ? evened(scalars, ONE) : interleaved(scalars, scalars);
  const factors = new Factors(each, all.length / ELEMENT_BYTES);
  const verdicts = new Uint8Array(all.length / ELEMENT_BYTES);
  const products = new Uint8Array(ELEMENT_BYTES * columns.length);
  inBatches(all, ELEMENT_BYTES, (module, first, n) => {
    if (first === 0) module.clearTotal();
    factors.lay(module, first, n);
    module.sumDecoded(n);
    verdicts.set(read(module, module.VERDICTS, n), first);
    if (first + n < verdicts.length) return;
    module.encodeTotal(others === undefined);
    takeOutput(module, products, 0, columns.length);
  });
  const refused = verdicts.subarray(0, columns.length * count).findIndex(isNoPoint);
  return judged(products, Math.floor(refused / columns.length));
}

/** Checked scalars on their way into the module: one for each item, or one for all. */
class Factors {
  readonly #scalars: Uint8Array;
  readonly #isOneForAll: boolean;

  constructor(scalars: Uint8Array, count: number) {
    this.#scalars = scalars;
    this.#isOneForAll = scalars.length === SCALAR_BYTES;
    if (!this.#isOneForAll && scalars.length !== SCALAR_BYTES * count) {
      throw new SottoError('invalid-argument', 'another number of scalars than of items', {
        expected: SCALAR_BYTES * count,
        received: scalars.length,
      });
    }
    checkScalars(scalars);
  }

  /** Lays those of a batch; returns whether it is one for all. */
  lay(module: RistrettoModule, first: number, count: number): boolean {
    if (!this.#isOneForAll) {
      const part = this.#scalars.subarray(SCALAR_BYTES * first, SCALAR_BYTES * (first + count));
      write(module, module.SCALARS, part);
    } else if (first === 0) {
      write(module, module.SCALARS, this.#scalars);
      module.recodeForAll();
    }
    return this.#isOneForAll;
  }
}

function checkScalars(scalars: Uint8Array): void {
  for (let at = 0; at < scalars.length; at += SCALAR_BYTES) {
    if (isScalar(scalars.subarray(at, at + SCALAR_BYTES))) continue;
    throw new SottoError('invalid-argument', 'a scalar is not between 0 and the order', {
      position: at / SCALAR_BYTES,
    });
  }
}

const isNoPoint = (verdict: number): boolean => verdict !== VERDICT.element;

const judged = (products: Bytes, refused: number): Products =>
  refused < 0 ? { products } : { products, refused };

/** a_0, b_0, a_1, b_1 and so on: columns of 32 n bytes. */
function interleaved(a: Uint8Array, b: Uint8Array): Bytes {
  const count = wholeCount(a, ELEMENT_BYTES);
  if (b.length !== a.length) {
    throw new SottoError('invalid-argument', 'two columns differ in length', {
      expected: a.length,
      received: b.length,
    });
  }
  const both = new Uint8Array(2 * a.length);
  for (let i = 0; i < count; i += 1) {
    const [from, to] = [ELEMENT_BYTES * i, ELEMENT_BYTES * (i + 1)];
    both.set(a.subarray(from, to), 2 * from);
    both.set(b.subarray(from, to), from + to);
  }
  return both;
}

/** A column with one item more if their number is odd. */
function evened(column: Uint8Array, item: Uint8Array): Uint8Array {
  if (column.length % (2 * ELEMENT_BYTES) === 0) return column;
  const longer = new Uint8Array(column.length + ELEMENT_BYTES);
  longer.set(column);
  longer.set(item, column.length);
  return longer;
}

const IDENTITY = new Uint8Array(ELEMENT_BYTES);
const ONE = Uint8Array.of(1, ...new Uint8Array(SCALAR_BYTES - 1));

function wholeCount(bytes: Uint8Array, each: number): number {
  if (bytes.length % each !== 0) {
    throw new SottoError('invalid-argument', 'a batch is not a whole number of items', {
      each,
      received: bytes.length,
    });
  }
  return bytes.length / each;
}
