/** Who calculates in the group on this thread: our kernel, or libsodium where the machine cannot run it. */
import type { Bytes } from '../../base/bytes.ts';
import { SottoError } from '../../base/errors.ts';
import {
  combine,
  derive,
  deriveAndMultiply,
  invert,
  multiply,
  multiplyGenerator,
  type Products,
  sumsOfMultiples,
} from '../../kernels/ristretto.ts';
import { isAvailable } from '../../kernels/ristretto-module.ts';
import { loadSodium } from './sodium.ts';

/**
 * Batches as everywhere in this folder; scalars are in (0, order), one for each item or one for all; lengths are
 * whole numbers of items. `Products` name the first item that is the identity or no element at all.
 */
export interface Engine {
  readonly name: 'kernel' | 'libsodium';
  /** RFC 9496 section 4.3.4: 64 n uniform bytes to 32 n. */
  derive(uniform: Uint8Array): Bytes;
  /** Each point times its scalar. */
  multiply(scalars: Uint8Array, points: Uint8Array): Products;
  /** The second of the first. */
  deriveAndMultiply(scalars: Uint8Array, uniform: Uint8Array): Bytes;
  /** The generator times each scalar. */
  multiplyGenerator(scalars: Uint8Array): Bytes;
  /** a_i + b_i, or a_i - b_i; the identity is a point like any other. */
  combine(a: Uint8Array, sign: '+' | '-', b: Uint8Array): Products;
  /** The sum of each column's multiples by the scalars of its places: of public points and scalars. */
  sumsOfMultiples(scalars: Uint8Array, ...columns: readonly [Uint8Array, Uint8Array?]): Products;
  /** 1 / s for each scalar s. */
  invert(scalars: Uint8Array): Bytes;
}

/**
 * The kernel is three times as fast or more (benchmarks/kernels/ristretto.ts), but needs relaxed SIMD and a
 * multiply-add that rounds once; libsodium's WASM runs everywhere. They give the same bytes.
 */
const loaders: Readonly<Record<Engine['name'], () => Promise<Engine>>> = {
  kernel: async () => ({
    name: 'kernel',
    derive,
    multiply,
    multiplyGenerator,
    deriveAndMultiply,
    combine,
    sumsOfMultiples,
    invert,
  }),
  libsodium: loadSodium,
};

let current: Engine | undefined;
let loading: Promise<void> | undefined;

/** Chooses and loads the engine, once a thread. To be awaited before anything else of this folder. */
export function ready(): Promise<void> {
  loading ??= useEngine(isAvailable() ? 'kernel' : 'libsodium');
  return loading;
}

/** Changes the engine of this thread: to compare them. */
export async function useEngine(name: Engine['name']): Promise<void> {
  current = await loaders[name]();
}

export function engine(): Engine {
  if (current === undefined) {
    throw new SottoError('internal', 'the group is used before it is ready');
  }
  return current;
}
