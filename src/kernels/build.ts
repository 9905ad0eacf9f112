/** Compiles assembly/ to *.wasm (AssemblyScript, SIMD); does nothing while these are up to date. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { blake2bCompression } from './unrolled.ts';

const here = import.meta.dirname;
const FLAGS = [
  '--runtime=stub', // nothing is allocated, so nothing is collected
  '-O3',
  '--converge',
  '--noAssert',
];
/** Each module's own: its entry and the extensions that an engine must have for it. */
const MODULES: Readonly<Record<string, readonly string[]>> = {
  'kernels.wasm': ['index.ts', '--enable=simd,relaxed-simd'],
  'ristretto.wasm': ['curve25519/index.ts', '--enable=simd,relaxed-simd'],
};

/** Sources that are written when they are read. */
const GENERATED: Readonly<Record<string, () => string>> = { 'compression.ts': blake2bCompression };

/** What the output depends on: sources, flags, the compiler's version. */
export function sourceStamp(): string {
  const hash = createHash('sha256').update(JSON.stringify([FLAGS, MODULES]));
  const folder = join(here, 'assembly');
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  for (const name of names.filter((each) => each.endsWith('.ts')).sort()) {
    hash.update(name).update(readFileSync(join(folder, name)));
  }
  for (const [name, source] of Object.entries(GENERATED)) hash.update(name).update(source());
  hash.update(readFileSync(new URL(import.meta.resolve('assemblyscript/package.json'))));
  return hash.digest('hex');
}

/** The stamp of the modules as they are, or undefined where one was not built. */
export function builtStamp(): string | undefined {
  const stampFile = join(here, 'build-stamp.json');
  const files = [stampFile, ...Object.keys(MODULES).map((name) => join(here, name))];
  if (!files.every((file) => existsSync(file))) return undefined;
  return (JSON.parse(readFileSync(stampFile, 'utf8')) as { sources: string }).sources;
}

/** Puts a file in place at once: two builds at a time do no harm. */
function replace(name: string, content: Uint8Array | string): void {
  const draft = join(here, `${name}.${process.pid}`);
  writeFileSync(draft, content);
  renameSync(draft, join(here, name));
}

async function compile(name: string, flags: readonly string[]): Promise<Uint8Array> {
  const { default: asc } = await import('assemblyscript/asc');
  let binary: Uint8Array | undefined;
  const folder = join(here, 'assembly');
  const { error, stderr } = await asc.main([...flags, ...FLAGS, `--outFile=${name}`], {
    readFile: (file: string, base: string) => {
      const generated = GENERATED[file];
      if (generated !== undefined) return generated();
      const path = join(base === '.' ? folder : join(folder, base), file);
      return existsSync(path) ? readFileSync(path, 'utf8') : null;
    },
    writeFile: (_name: string, content: unknown) => {
      binary = content as Uint8Array;
    },
    listFiles: () => [],
  });
  if (error || binary === undefined)
    throw new Error(`${stderr.toString()}\n${error?.message ?? ''}`);
  return binary;
}

async function build(): Promise<void> {
  const stamp = sourceStamp();
  if (builtStamp() === stamp) return;
  for (const [name, flags] of Object.entries(MODULES)) replace(name, await compile(name, flags));
  replace('build-stamp.json', `{ "sources": "${stamp}" }\n`);
}

if (import.meta.main) await build();
