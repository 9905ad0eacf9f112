/** libsodium's ristretto255 on its own WASM memory: batches go in and come out, nothing secret stays. */
import { SottoError } from '../../base/errors.ts';

export const POINT_BYTES = 32;
export const SCALAR_BYTES = 32;
export const UNIFORM_BYTES = 64;

/** The part of libsodium's WASM module that is used; offsets are into `HEAPU8`. */
interface Sodium {
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _free(at: number): void;
  _crypto_core_ristretto255_from_hash(point: number, uniform: number): number;
  _crypto_scalarmult_ristretto255(result: number, scalar: number, point: number): number;
}

let loaded: Sodium | undefined;
let loading: Promise<void> | undefined;

/** Loads the WASM module, once a thread. To be awaited before anything else of this folder. */
export function ready(): Promise<void> {
  loading ??= load();
  return loading;
}

async function load(): Promise<void> {
  const { default: sodium } = await import('libsodium-wrappers-sumo');
  await sodium.ready;
  // The wrapped functions copy each argument and leave scalars behind in freed memory: hence below them.
  loaded = (sodium as unknown as { libsodium: Sodium }).libsodium;
}

export function sodium(): Sodium {
  if (loaded === undefined)
    throw new SottoError('internal', 'the group is used before it is ready');
  return loaded;
}

/** Memory inside the module: wiped and freed by `using`. */
export class Scratch implements Disposable {
  readonly at: number;
  readonly #bytes: number;

  constructor(bytes: number) {
    this.#bytes = bytes;
    this.at = sodium()._malloc(bytes);
    if (this.at === 0) throw new SottoError('internal', 'out of memory in the group', { bytes });
  }

  write(bytes: Uint8Array): void {
    sodium().HEAPU8.set(bytes, this.at);
  }

  read(bytes = this.#bytes): Uint8Array<ArrayBuffer> {
    return new Uint8Array(sodium().HEAPU8.subarray(this.at, this.at + bytes));
  }

  [Symbol.dispose](): void {
    sodium().HEAPU8.fill(0, this.at, this.at + this.#bytes);
    sodium()._free(this.at);
  }
}
