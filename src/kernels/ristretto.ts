/**
 * ristretto255 (RFC 9496), a batch at a time, in SIMD: what assembly/curve25519 calculates.
 *
 * Elements are 32-byte encodings laid back to back, uniform strings 64 bytes each. Neither an address nor a
 * branch depends on the scalar. It, the multiples and the points themselves are wiped from the module's memory
 * before a function returns; every thread has its own.
 */
import type { Bytes } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import { instantiate } from './instance.ts';

export const ELEMENT_BYTES = 32;
export const UNIFORM_BYTES = 64;
export const SCALAR_BYTES = 32;

/** What `check` says of an encoding; `neither` is one that is not canonical or of no point (section 4.3.1). */
export const VERDICT = { element: 0, identity: 1, neither: 2 } as const;

/** Exports of ristretto.wasm; numbers are byte offsets into `memory`, or counts of points up to MOST. */
export interface RistrettoModule {
  readonly memory: WebAssembly.Memory;
  readonly MOST: WebAssembly.Global;
  readonly SCALAR: WebAssembly.Global;
  readonly DIGITS: WebAssembly.Global;
  readonly INPUT: WebAssembly.Global;
  readonly OUTPUT: WebAssembly.Global;
  readonly VERDICTS: WebAssembly.Global;
  /** Where a test may put field elements. */
  readonly PAIR: WebAssembly.Global;
  isFused(): number;
  recodeHalf(): void;
  decodeAll(count: number): void;
  decodeAndEncode(count: number): void;
  derive(count: number): void;
  multiplyDecoded(count: number): void;
  multiplyDerived(count: number): void;
  wipe(): void;
  multiplyElements(out: number, a: number, b: number): void;
  squareElements(out: number, a: number): void;
  carry(out: number, a: number): void;
}

/**
 * This thread's instance. Undefined where the engine has no relaxed SIMD, or the machine rounds a multiply-add
 * twice (x86 without FMA3): the arithmetic would be wrong there.
 */
function load(): RistrettoModule | undefined {
  try {
    const module = instantiate<RistrettoModule>('ristretto.wasm');
    return module.isFused() === 1 ? module : undefined;
  } catch (thrown) {
    if (thrown instanceof WebAssembly.CompileError) return undefined;
    throw thrown;
  }
}

/** The module itself: for tests of its parts. */
export const ristrettoModule = load();

/** Whether the functions below may be called on this machine. */
export const isAvailable = (): boolean => ristrettoModule !== undefined;

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

/** A `VERDICT` for each of the n encodings: n bytes. */
export function check(points: Uint8Array): Bytes {
  const count = wholeCount(points, ELEMENT_BYTES);
  const verdicts = new Uint8Array(count);
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
    elements.set(read(module, module.OUTPUT, ELEMENT_BYTES * n), ELEMENT_BYTES * first);
  });
  return elements;
}

export interface Products {
  /** 32 n bytes; without meaning where a point was refused. */
  readonly products: Bytes;
  /** The first position whose encoding is that of the identity, or of nothing. */
  readonly refused?: number;
}

/** Each point, which may come from anybody, times the scalar: in (0, order), or else invalid-argument. */
export function multiply(scalar: Uint8Array, points: Uint8Array): Products {
  const products = new Uint8Array(points.length);
  let refused: number | undefined;
  wholeCount(points, ELEMENT_BYTES);
  withScalar(scalar, points, ELEMENT_BYTES, (module, first, n) => {
    module.multiplyDecoded(n);
    products.set(read(module, module.OUTPUT, ELEMENT_BYTES * n), ELEMENT_BYTES * first);
    const at = read(module, module.VERDICTS, n).findIndex((each) => each !== VERDICT.element);
    if (at !== -1) refused ??= first + at;
  });
  return refused === undefined ? { products } : { products, refused };
}

/** The elements of n uniform strings, each times the scalar: 32 n bytes. Faster than one after the other. */
export function deriveAndMultiply(scalar: Uint8Array, uniform: Uint8Array): Bytes {
  const products = new Uint8Array(ELEMENT_BYTES * wholeCount(uniform, UNIFORM_BYTES));
  withScalar(scalar, uniform, UNIFORM_BYTES, (module, first, n) => {
    module.multiplyDerived(n);
    products.set(read(module, module.OUTPUT, ELEMENT_BYTES * n), ELEMENT_BYTES * first);
  });
  return products;
}

/** Calculates with a batch that lies in INPUT, whose first item is number `first` of all. */
type Batch = (module: RistrettoModule, first: number, count: number) => void;

function withScalar(scalar: Uint8Array, input: Uint8Array, each: number, batch: Batch): void {
  if (!isScalar(scalar)) {
    throw new SottoError('invalid-argument', 'a scalar is not between 0 and the order', {
      bytes: scalar.length,
      expected: SCALAR_BYTES,
    });
  }
  inBatches(input, each, batch, (module) => {
    new Uint8Array(module.memory.buffer).set(scalar, module.SCALAR.value);
    module.recodeHalf();
  });
}

function inBatches(
  input: Uint8Array,
  each: number,
  batch: Batch,
  prepare?: (module: RistrettoModule) => void,
): void {
  const module = ristrettoModule;
  if (module === undefined) {
    throw new SottoError('internal', 'the ristretto kernel needs a fused multiply-add', {});
  }
  const most = module.MOST.value;
  const count = input.length / each;
  try {
    prepare?.(module);
    for (let first = 0; first < count; first += most) {
      const n = Math.min(most, count - first);
      const part = input.subarray(first * each, (first + n) * each);
      new Uint8Array(module.memory.buffer).set(part, module.INPUT.value);
      batch(module, first, n);
    }
  } finally {
    module.wipe();
  }
}

/** A view, until the next call. */
function read(module: RistrettoModule, at: WebAssembly.Global, bytes: number): Uint8Array {
  return new Uint8Array(module.memory.buffer, at.value, bytes);
}

function wholeCount(bytes: Uint8Array, each: number): number {
  if (bytes.length % each !== 0) {
    throw new SottoError('invalid-argument', 'a batch is not a whole number of items', {
      each,
      received: bytes.length,
    });
  }
  return bytes.length / each;
}
