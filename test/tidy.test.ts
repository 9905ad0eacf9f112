/** The rules of the house, kept by a test: the layer table is the architecture. It only ever gets stricter. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

/** Folder under src -> the folders of src it may import from (itself always). */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  gen: [],
  math: ['base'],
  kernels: ['base'],
  primitives: ['math', 'kernels', 'base', 'gen'],
  channel: ['base', 'gen'],
  compute: ['primitives', 'base'],
  protocols: ['channel', 'compute', 'primitives', 'math', 'base', 'gen'],
  data: ['math', 'base', 'gen'],
  model: ['math', 'base', 'gen'],
  jobs: ['protocols', 'data', 'model', 'channel', 'compute', 'primitives', 'math', 'base', 'gen'],
  tags: ['protocols', 'compute', 'primitives', 'math', 'data', 'channel', 'base', 'gen'],
  rpc: ['tags', 'jobs', 'model', 'channel', 'base', 'gen'],
  cli: [
    'rpc',
    'tags',
    'jobs',
    'protocols',
    'data',
    'model',
    'channel',
    'compute',
    'math',
    'base',
    'gen',
  ],
};

/** A package that only one folder may import. */
const OWNERS: Readonly<Record<string, string>> = {
  'node-seal': 'primitives/he',
  'libsodium-wrappers-sumo': 'primitives/group',
  '@grpc/grpc-js': 'rpc',
  '@peculiar/x509': 'rpc',
  piscina: 'compute',
  '@duckdb/node-api': 'data',
  '@tensorflow/tfjs': 'model',
  vega: 'model',
  'vega-lite': 'model',
  commander: 'cli',
  'prom-client': 'cli',
  '@opentelemetry': 'cli',
};

const TOP_LEVEL = [
  'package.json',
  'tsconfig.json',
  'proto',
  'src',
  'benchmarks',
  'test',
  'Dockerfile',
];

const root = join(import.meta.dirname, '..');
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '');
const sources = tracked.filter(
  (path) => path.startsWith('src/') && path.endsWith('.ts') && !path.startsWith('src/gen/'),
);
const typescript = sources.filter((path) => !path.startsWith('src/kernels/assembly/'));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const folderOf = (path: string): string => path.split('/')[1]!;

function importsOf(path: string): string[] {
  const text = read(path);
  const found = text.matchAll(
    /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)\s*import\s+['"]([^'"]+)['"]/g,
  );
  return [...found].map((match) => (match[1] ?? match[2] ?? match[3])!);
}

test('every folder of src is in the layer table', () => {
  const folders = new Set(sources.filter((path) => path.split('/').length > 2).map(folderOf));
  expect([...folders].filter((folder) => !(folder in LAYERS))).toEqual([]);
});

test('imports follow the layers', () => {
  const wrong: string[] = [];
  for (const path of typescript) {
    for (const specifier of importsOf(path).filter((name) => name.startsWith('.'))) {
      const target = normalize(join(dirname(path), specifier));
      const from = folderOf(path);
      const to = folderOf(target);
      if (to !== from && !LAYERS[from]?.includes(to)) wrong.push(`${path} imports ${target}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('a wrapped package is imported by its owner only', () => {
  const wrong: string[] = [];
  for (const path of typescript) {
    for (const specifier of importsOf(path)) {
      for (const [name, owner] of Object.entries(OWNERS)) {
        if (
          (specifier === name || specifier.startsWith(`${name}/`)) &&
          !path.startsWith(`src/${owner}/`)
        ) {
          wrong.push(`${path} imports ${specifier}`);
        }
      }
    }
  }
  expect(wrong).toEqual([]);
});

test('relative imports end in .ts', () => {
  const wrong = typescript.flatMap((path) =>
    importsOf(path)
      .filter((name) => name.startsWith('.') && !name.endsWith('.ts'))
      .map((name) => `${path}: ${name}`),
  );
  expect(wrong).toEqual([]);
});

test('no file is longer than 300 lines', () => {
  const code = tracked.filter(
    (path) =>
      /^(src|test|benchmarks)\/.*\.ts$/.test(path) &&
      !path.startsWith('src/gen/') &&
      !path.startsWith('test/vectors/'),
  );
  const long = code
    .map((path) => [path, read(path).split('\n').length - 1] as const)
    .filter(([, lines]) => lines > 300);
  expect(long).toEqual([]);
});

test('protocols take their effects as arguments', () => {
  const effects = /process\.env|Math\.random|Date\.now|new Date\(\)|performance\.now|from 'node:/;
  const wrong = typescript.filter(
    (path) => path.startsWith('src/protocols/') && effects.test(read(path)),
  );
  expect(wrong).toEqual([]);
});

test('nobody draws coins from Math.random', () => {
  expect(typescript.filter((path) => /Math\.random\b/.test(read(path)))).toEqual([]);
});

test('src exports what src uses, and nothing to nobody', () => {
  const comments = /\/\*[\s\S]*?\*\/|\/\/.*/g;
  const wordsOf = (path: string): string[] => read(path).replace(comments, '').match(/\w+/g) ?? [];
  const code = tracked.filter((path) => /^(src|test|benchmarks)\/.*\.(ts|mjs)$/.test(path));
  const files = new Map<string, Set<string>>();
  for (const path of code) {
    for (const word of wordsOf(path)) files.set(word, (files.get(word) ?? new Set()).add(path));
  }
  const wrong: string[] = [];
  for (const path of typescript) {
    const words = wordsOf(path);
    for (const [, name] of read(path).matchAll(
      /^export (?:async )?(?:function\*?|const|class) (\w+)/gm,
    )) {
      const others = [...files.get(name!)!].filter((other) => other !== path);
      if (others.length === 0) wrong.push(`${path}: ${name} is exported to nobody`);
      const inSrc = others.some((other) => other.startsWith('src/'));
      if (!inSrc && words.filter((word) => word === name).length < 2) {
        wrong.push(`${path}: ${name} is used outside src only`);
      }
    }
  }
  expect(wrong).toEqual([]);
});

test('no folder or file is named after nothing in particular', () => {
  const vague = /(^|\/)(utils?|common|core|lib|types|helpers?|misc)(\.ts)?(\/|$)/;
  expect(
    tracked.filter((path) => /^(src|test|benchmarks)\//.test(path) && vague.test(path)),
  ).toEqual([]);
});

test('a file of src says at its head what it is', () => {
  const wrong = typescript.filter((path) => !/^(#![^\n]*\n)?\/\*\*/.test(read(path)));
  expect(wrong).toEqual([]);
});

test('nothing promises less than the code should do', () => {
  const words = /\b(TODO|FIXME|XXX)\b|not (yet )?implemented|placeholder/;
  expect(sources.filter((path) => words.test(read(path)))).toEqual([]);
});

test('no test is switched off', () => {
  const off = /\b(it|test|describe)\.(skip|only|todo)\b/;
  const self = 'test/tidy.test.ts';
  expect(
    tracked.filter(
      (path) => /^(test|benchmarks)\/.*\.ts$/.test(path) && path !== self && off.test(read(path)),
    ),
  ).toEqual([]);
});

test('the top level holds what it must', () => {
  const missing = TOP_LEVEL.filter(
    (name) => !tracked.some((path) => path === name || path.startsWith(`${name}/`)),
  );
  expect(missing).toEqual([]);
});
