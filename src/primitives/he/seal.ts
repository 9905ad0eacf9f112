/**
 * This thread's instance of SEAL, and the guard around every call into it.
 *
 * An exception that leaves the C++ code does not unwind the stack pointer that the compiler keeps in
 * WebAssembly, so after some hundred of them the stack meets the heap. The guard puts the pointer
 * back. After anything else, a trap above all, the instance is abandoned.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { initialize, type MainModule } from 'node-seal';
import { SottoError } from '../../base/errors.ts';

export type Seal = MainModule;

/** SHA-256 of seal_throws.wasm of node-seal 7.0.0: what the layouts and export names here were read from. */
const WASM_HASH = 'b30d3776265a56373a2001d2cd48baa8d72ddd571e04ddfaefd4c231271170e4';

/** Names that the compiler gave to emscripten's stack functions in that build. */
interface StackExports {
  readonly $: () => number;
  readonly Z: (pointer: number) => void;
}

interface Instance {
  readonly seal: Seal & { decrementExceptionRefcount(exception: unknown): void };
  readonly stack: StackExports;
}

let instance: Instance | undefined;
let loading: Promise<void> | undefined;
let exceptions = 0;
let generation = 0;

/** Loads SEAL, once; again only after an instance was abandoned. */
export async function ready(): Promise<void> {
  if (instance) return;
  loading ??= instantiate().finally(() => {
    loading = undefined;
  });
  await loading;
}

async function instantiate(): Promise<void> {
  const binary = readFileSync(new URL('./seal_throws.wasm', import.meta.resolve('node-seal')));
  if (createHash('sha256').update(binary).digest('hex') !== WASM_HASH) {
    throw new SottoError('internal', 'node-seal is not the build that this code was made for');
  }
  let stack: StackExports | undefined;
  const seal = await initialize({
    instantiateWasm(imports: Imports, receive: (wasm: WebAssembly.Instance) => void) {
      const wasm = new WebAssembly.Instance(new WebAssembly.Module(binary), imports);
      stack = wasm.exports as unknown as StackExports;
      receive(wasm);
      return {};
    },
    print() {}, // a library says nothing on the worker's output
    printErr() {},
  });
  instance = { seal: seal as Instance['seal'], stack: stack! };
  generation++;
}

type Imports = Record<string, Record<string, unknown>>;

/** Counts instances: what was made with an earlier one is gone with it. */
export const instanceNumber = (): number => generation;

/** How many exceptions of SEAL's this thread has contained: 0 unless a check before it is missing. */
export const sealExceptions = (): number => exceptions;

/**
 * Runs `work` with SEAL. Whatever SEAL throws becomes the same `internal` error without detail, since why
 * a ciphertext fails is an oracle; `poisoned` says that the thread must not be used again.
 */
export function withSeal<T>(work: (seal: Seal) => T): T {
  const current = instance;
  if (!current) throw new SottoError('internal', 'SEAL is not loaded', { poisoned: true });
  const pointer = current.stack.$();
  try {
    return work(current.seal);
  } catch (thrown) {
    if (thrown instanceof SottoError) throw thrown;
    throw contain(thrown, current, pointer);
  }
}

function contain(thrown: unknown, { seal, stack }: Instance, pointer: number): SottoError {
  exceptions++;
  if (thrown instanceof WebAssembly.Exception) {
    stack.Z(pointer);
    seal.decrementExceptionRefcount(thrown);
    return new SottoError('internal', 'the encryption library failed');
  }
  instance = undefined;
  return new SottoError('internal', 'the encryption library failed', { poisoned: true });
}
