/** libsodium's ristretto255 on its own WASM memory: batches go in and come out, nothing secret stays. */
import type { Bytes } from '../../base/bytes.ts';
import { SottoError } from '../../base/errors.ts';
import type { Products } from '../../kernels/ristretto.ts';
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
  _crypto_core_ristretto255_add(sum: number, a: number, b: number): number;
  _crypto_core_ristretto255_sub(difference: number, a: number, b: number): number;
  _crypto_core_ristretto255_scalar_invert(inverse: number, scalar: number): number;
  _crypto_scalarmult_ristretto255_base(result: number, scalar: number): number;
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
    multiply: (scalars, points) => multiply(sodium, scalars, points),
    deriveAndMultiply: (scalars, uniform) =>
      engine.multiply(scalars, engine.derive(uniform)).products,
    combine: (a, sign, b) => combine(sodium, a, sign, b),
    sumsOfMultiples: (scalars, ...columns) => sumsOfMultiples(engine, scalars, columns),
    multiplyGenerator: (scalars) =>
      eachScalar(sodium, scalars, sodium._crypto_scalarmult_ristretto255_base),
    invert: (scalars) =>
      eachScalar(sodium, scalars, sodium._crypto_core_ristretto255_scalar_invert),
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

function multiply(sodium: Sodium, scalars: Uint8Array, points: Uint8Array): Products {
  using factors = new Scratch(sodium, scalars.length + 1);
  using input = new Scratch(sodium, points.length + 1);
  using output = new Scratch(sodium, points.length + 1);
  factors.write(scalars);
  input.write(points);
  const step = scalars.length === SCALAR_BYTES ? 0 : 1;
  for (let at = 0; at < points.length; at += POINT_BYTES) {
    const factor = factors.at + step * at; // scalars are as long as points
    // -1 for what does not decode and for a result that is the identity; the group's order is
    // prime and the scalar is not zero, so the latter means that the point was the identity.
    if (sodium._crypto_scalarmult_ristretto255(output.at + at, factor, input.at + at) !== 0) {
      return { products: output.read(points.length), refused: at / POINT_BYTES };
    }
  }
  return { products: output.read(points.length) };
}

function combine(sodium: Sodium, a: Uint8Array, sign: '+' | '-', b: Uint8Array): Products {
  using left = new Scratch(sodium, a.length + 1);
  using right = new Scratch(sodium, b.length + 1);
  left.write(a);
  right.write(b);
  const calculate =
    sign === '+' ? sodium._crypto_core_ristretto255_add : sodium._crypto_core_ristretto255_sub;
  for (let at = 0; at < a.length; at += POINT_BYTES) {
    if (calculate(left.at + at, left.at + at, right.at + at) !== 0) {
      return { products: left.read(a.length), refused: at / POINT_BYTES };
    }
  }
  return { products: left.read(a.length) };
}

function eachScalar(
  sodium: Sodium,
  scalars: Uint8Array,
  calculate: (result: number, scalar: number) => number,
): Bytes {
  using input = new Scratch(sodium, scalars.length + 1);
  using output = new Scratch(sodium, scalars.length + 1);
  input.write(scalars);
  for (let at = 0; at < scalars.length; at += SCALAR_BYTES) {
    calculate(output.at + at, input.at + at);
  }
  return output.read(scalars.length);
}

function sumsOfMultiples(
  { multiply: multiplyAll, combine: add }: Engine,
  scalars: Uint8Array,
  columns: readonly (Uint8Array | undefined)[],
): Products {
  const products = new Uint8Array(POINT_BYTES * columns.length);
  for (const [place, points] of columns.entries()) {
    const multiples = multiplyAll(scalars, points!);
    if (multiples.refused !== undefined) return multiples;
    let sum = new Uint8Array(POINT_BYTES);
    for (let at = 0; at < points!.length; at += POINT_BYTES) {
      sum = add(sum, '+', multiples.products.subarray(at, at + POINT_BYTES)).products;
    }
    products.set(sum, POINT_BYTES * place);
  }
  return { products };
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
