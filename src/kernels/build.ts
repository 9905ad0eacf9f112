/** Compiles assembly/*.ts to kernels.wasm (AssemblyScript, SIMD); does nothing while that is up to date. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const here = import.meta.dirname;
const FLAGS = [
  'index.ts',
  '--enable=simd',
  '--runtime=stub', // nothing is allocated, so nothing is collected
  '-O3',
  '--converge',
  '--noAssert',
];

/** What the output depends on: sources, flags, the compiler's version. */
export function sourceStamp(): string {
  const hash = createHash('sha256').update(JSON.stringify(FLAGS));
  const folder = join(here, 'assembly');
  for (const name of readdirSync(folder).sort()) {
    hash.update(name).update(readFileSync(join(folder, name)));
  }
  hash.update(readFileSync(new URL(import.meta.resolve('assemblyscript/package.json'))));
  return hash.digest('hex');
}

/** The stamp of kernels.wasm as it is, or undefined where it was not built. */
export function builtStamp(): string | undefined {
  const stampFile = join(here, 'build-stamp.json');
  if (!existsSync(join(here, 'kernels.wasm')) || !existsSync(stampFile)) return undefined;
  return (JSON.parse(readFileSync(stampFile, 'utf8')) as { sources: string }).sources;
}

/** Puts a file in place at once: two builds at a time do no harm. */
function replace(name: string, content: Uint8Array | string): void {
  const draft = join(here, `${name}.${process.pid}`);
  writeFileSync(draft, content);
  renameSync(draft, join(here, name));
}

async function build(): Promise<void> {
  const stamp = sourceStamp();
  if (builtStamp() === stamp) return;
  const { default: asc } = await import('assemblyscript/asc');
  let binary: Uint8Array | undefined;
  const folder = join(here, 'assembly');
  const { error, stderr } = await asc.main([...FLAGS, '--outFile=kernels.wasm'], {
    readFile: (name: string, base: string) => {
      const path = join(base === '.' ? folder : join(folder, base), name);
      return existsSync(path) ? readFileSync(path, 'utf8') : null;
    },
    writeFile: (_name: string, content: unknown) => {
      binary = content as Uint8Array;
    },
    listFiles: () => [],
  });
  if (error || binary === undefined)
    throw new Error(`${stderr.toString()}\n${error?.message ?? ''}`);
  replace('kernels.wasm', binary);
  replace('build-stamp.json', JSON.stringify({ sources: stamp }));
}

if (import.meta.main) await build();
