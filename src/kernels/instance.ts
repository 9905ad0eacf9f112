/** This thread's instances of the modules that are built from assembly/, and the memory of kernels.wasm. */
import { readFileSync } from 'node:fs';
import { SottoError } from '../base/errors.ts';

/** Addresses are byte offsets into `memory`. What each function does is said in assembly/. */
interface Kernels {
  readonly memory: WebAssembly.Memory;
  heapBase(): number;
  fillTables(tables: number, p: number, psi: number, psiInverse: number): void;
  forwardTransform(data: number, tables: number, p: number): void;
  inverseTransform(data: number, tables: number, p: number, degree: number, quotient: number): void;
  multiply(a: number, b: number, result: number, ...reduction: Reduction): void;
  add(a: number, b: number, result: number, p: number): void;
  subtract(a: number, b: number, result: number, p: number): void;
  lift(data: number, p: number, reciprocal: number, offset: number): void;
  mean(data: number, p: number, degree: number): number;
  inRange(data: number, p: number): number;
  ternaryConstant(a: number, ternary: number, p: number): number;
  accumulate(
    plain: number,
    cipher0: number,
    cipher1: number,
    terms: number,
    stride: number,
    sum0: number,
    sum1: number,
    tile: number,
    ...reduction: Reduction
  ): void;
  expand(seed: number, first: number, residues: number, ...reduction: Reduction): number;
  addColumns(
    integers: number,
    stride: number,
    columns: number,
    weights: number,
    words: number,
  ): void;
  reduceWords(words: number, residues: number, ...reduction: Reduction): void;
  innerInteger(integers: number, residues: number, p: number): number;
  fold(residues: number, folded: number, p: number): void;
  fillEmbedding(): void;
  embedPhasors(
    shares: number,
    rows: number,
    prime: number,
    factors: number,
    harmonics: number,
    coefficients: number,
  ): void;
  embedReals(reals: number, scale: number, coefficients: number): void;
  ternary(bytes: number, length: number, small: number): number;
  binomial(bytes: number, small: number): void;
  embed(small: number, residues: number, p: number): void;
  pack(words: number, width: number, bytes: number): void;
  unpack(bytes: number, width: number, words: number, limit: number): number;
  packWide(words: number, width: number, bytes: number): void;
  unpackWide(bytes: number, width: number, words: number, limit: bigint): number;
  roundOne(limb: number, words: number, drop: number): void;
  roundTwo(
    limb1: number,
    limb2: number,
    words: number,
    drop: number,
    p1: number,
    p2: number,
    inverse: number,
    quotient: number,
    lift: number,
  ): void;
  spread(words: number, drop: number, limb: number, ...reduction: Reduction): void;
}

/** p, 1/p mod 2^32, 2^32 mod p and its quotient: what a sum is reduced with. */
export type Reduction = readonly [p: number, inverse: number, radix: number, quotient: number];

/** The exports of a fresh instance. A WebAssembly.CompileError says that this engine lacks an extension. */
export function instantiate<Exports>(name: `${string}.wasm`): Exports {
  let binary: Uint8Array<ArrayBuffer>;
  try {
    binary = readFileSync(new URL(name, import.meta.url));
  } catch (cause) {
    const message = 'the kernels have not been built: npm run prepare';
    throw new SottoError('internal', message, {}, { cause });
  }
  const instance = new WebAssembly.Instance(new WebAssembly.Module(binary), {
    env: {
      abort() {
        throw new SottoError('internal', 'a kernel gave up', { poisoned: true });
      },
    },
  });
  return instance.exports as Exports;
}

export const kernels = instantiate<Kernels>('kernels.wasm');

let end = Math.ceil(kernels.heapBase() / 64) * 64;

/** So many fresh zero bytes, aligned to a cache line and never given back. Views of `memory` die when it grows. */
export function claim(bytes: number): number {
  const start = end;
  end += Math.ceil(bytes / 64) * 64;
  const missing = end - kernels.memory.buffer.byteLength;
  if (missing > 0) kernels.memory.grow(Math.ceil(missing / 65536));
  return start;
}
