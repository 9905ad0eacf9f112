/** This thread's instance of ristretto.wasm, and batches of any size in its memory, which is wiped after each. */
import { SottoError } from '../base/errors.ts';
import { instantiate } from './instance.ts';

const ELEMENT_BYTES = 32;

/** Exports of ristretto.wasm; numbers are byte offsets into `memory`, or counts of points up to MOST. */
export interface RistrettoModule {
  readonly memory: WebAssembly.Memory;
  readonly MOST: WebAssembly.Global;
  readonly SCALARS: WebAssembly.Global;
  readonly INPUT: WebAssembly.Global;
  readonly OUTPUT: WebAssembly.Global;
  readonly VERDICTS: WebAssembly.Global;
  /** Where a test may put field elements. */
  readonly PAIR: WebAssembly.Global;
  isFused(): number;
  recodeForAll(): void;
  decodeAll(count: number): void;
  decodeAndEncode(count: number): void;
  derive(count: number): void;
  invertScalars(count: number): void;
  multiplyDecoded(count: number, isOneForAll: boolean): void;
  multiplyDerived(count: number, isOneForAll: boolean): void;
  multiplyGenerator(count: number): void;
  combine(count: number, isDifference: boolean): void;
  clearTotal(): void;
  sumDecoded(evenCount: number): void;
  encodeTotal(isOne: boolean): void;
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

/** Calculates with a batch that lies in INPUT, whose first item is number `first` of all. */
type Batch = (module: RistrettoModule, first: number, count: number) => void;

export function inBatches(input: Uint8Array, each: number, batch: Batch): void {
  const module = ristrettoModule;
  if (module === undefined) {
    throw new SottoError('internal', 'the ristretto kernel needs a fused multiply-add', {});
  }
  const most = module.MOST.value;
  const count = input.length / each;
  try {
    for (let first = 0; first < count; first += most) {
      const n = Math.min(most, count - first);
      write(module, module.INPUT, input.subarray(first * each, (first + n) * each));
      batch(module, first, n);
    }
  } finally {
    module.wipe();
  }
}

export function write(module: RistrettoModule, at: WebAssembly.Global, bytes: Uint8Array): void {
  new Uint8Array(module.memory.buffer).set(bytes, at.value);
}

/** A view, until the next call. */
export function read(module: RistrettoModule, at: WebAssembly.Global, bytes: number): Uint8Array {
  return new Uint8Array(module.memory.buffer, at.value, bytes);
}

export function takeOutput(
  module: RistrettoModule,
  into: Uint8Array,
  first: number,
  count: number,
): void {
  into.set(read(module, module.OUTPUT, ELEMENT_BYTES * count), ELEMENT_BYTES * first);
}
