/** libsodium's ristretto255 on its own WASM memory: batches go in and come out, nothing secret stays. */
import type { Bytes } from '../../base/bytes.ts';
import { SottoError } from '../../base/errors.ts';
import type { Engine } from './engine.ts';

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

export async function loadSodium(): Promise<Engine> {
  const { default: wrapped } = await import('libsodium-wrappers-sumo');
  await wrapped.ready;
  // The wrapped functions copy each argument and leave scalars behind in freed memory: hence below them.
  const { libsodium: sodium } = wrapped as unknown as { libsodium: Sodium };
  const engine: Engine = {
    name: 'libsodium',
    derive: (uniform) => derive(sodium, uniform),
    multiply: (scalar, points) => multiply(sodium, scalar, points),
    deriveAndMultiply: (scalar, uniform) =>
      engine.multiply(scalar, engine.derive(uniform)).products,
  };
  return engine;
}

function derive(sodium: Sodium, uniform: Uint8Array): Bytes {
  const count = uniform.length / UNIFORM_BYTES;
  using input = new Scratch(sodium, uniform.length + 1); // never an empty allocation
  using output = new Scratch(sodium, POINT_BYTES * count + 1);
  input.write(uniform);
  for (let i = 0; i < count; i += 1) {
    sodium._crypto_core_ristretto255_from_hash(
      output.at + i * POINT_BYTES,
      input.at + i * UNIFORM_BYTES,
    );
  }
  return output.read(POINT_BYTES * count);
}

function multiply(
  sodium: Sodium,
  scalar: Uint8Array,
  points: Uint8Array,
): ReturnType<Engine['multiply']> {
  using factor = new Scratch(sodium, SCALAR_BYTES);
  using input = new Scratch(sodium, points.length + 1);
  using output = new Scratch(sodium, points.length + 1);
  factor.write(scalar);
  input.write(points);
  for (let at = 0; at < points.length; at += POINT_BYTES) {
    // -1 for what does not decode and for a result that is the identity; the group's order is
    // prime and the scalar is not zero, so the latter means that the point was the identity.
    if (sodium._crypto_scalarmult_ristretto255(output.at + at, factor.at, input.at + at) !== 0) {
      return { products: output.read(points.length), refused: at / POINT_BYTES };
    }
  }
  return { products: output.read(points.length) };
}

/** Memory inside the module: wiped and freed by `using`. */
class Scratch implements Disposable {
  readonly at: number;
  readonly #sodium: Sodium;
  readonly #bytes: number;

  constructor(sodium: Sodium, bytes: number) {
    this.#sodium = sodium;
    this.#bytes = bytes;
    this.at = sodium._malloc(bytes);
    if (this.at === 0) throw new SottoError('internal', 'out of memory in the group', { bytes });
  }

  write(bytes: Uint8Array): void {
    this.#sodium.HEAPU8.set(bytes, this.at);
  }

  read(bytes: number): Bytes {
    return new Uint8Array(this.#sodium.HEAPU8.subarray(this.at, this.at + bytes));
  }

  [Symbol.dispose](): void {
    this.#sodium.HEAPU8.fill(0, this.at, this.at + this.#bytes);
    this.#sodium._free(this.at);
  }
}
