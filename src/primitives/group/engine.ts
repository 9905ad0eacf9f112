/** Who calculates in the group on this thread: our kernel, or libsodium where the machine cannot run it. */
import type { Bytes } from '../../base/bytes.ts';
import { SottoError } from '../../base/errors.ts';
import { derive, deriveAndMultiply, isAvailable, multiply } from '../../kernels/ristretto.ts';
import { loadSodium } from './sodium.ts';

/** Batches as everywhere in this folder; scalars are in (0, order), lengths whole numbers of elements. */
export interface Engine {
  readonly name: 'kernel' | 'libsodium';
  /** RFC 9496 section 4.3.4: 64 n uniform bytes to 32 n. */
  derive(uniform: Uint8Array): Bytes;
  /** Each point times the scalar; `refused` is the first that is the identity or no element at all. */
  multiply(scalar: Uint8Array, points: Uint8Array): { products: Bytes; refused?: number };
  /** The second of the first. */
  deriveAndMultiply(scalar: Uint8Array, uniform: Uint8Array): Bytes;
}

/**
 * The kernel is three times as fast or more (benchmarks/kernels/ristretto.ts), but needs relaxed SIMD and a
 * multiply-add that rounds once; libsodium's WASM runs everywhere. They give the same bytes.
 */
const loaders: Readonly<Record<Engine['name'], () => Promise<Engine>>> = {
  kernel: async () => ({ name: 'kernel', derive, multiply, deriveAndMultiply }),
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
