/**
 * AssemblyScript that is written by a program: Blake2b's compression (RFC 7693 §3.2) with all rounds written out. So
 * its state stays in registers, every message word has a constant address, and words that are always 0 cost nothing;
 * AssemblyScript has no macros that could do the same.
 */

/** Message schedule (RFC 7693 §2.7); rounds 10 and 11 repeat 0 and 1. */
const SIGMA = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
  [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
  [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
  [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
  [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
  [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
  [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
  [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
  [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];
const ROUNDS = 12;
/** Columns, then diagonals, of the state as four rows of four. */
const MIXED = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
] as const;

/**
 * F in two functions. `prepare(state, message)` does in place what the first round does without the state's second
 * word: once for all hashes that differ in that word alone. `finish(state, chain, message, hash)` does the rest, and
 * leaves in `hash` the next chaining value. State and chaining value are 16 and 8 vectors; of the message's words, all
 * but the first eight are 0.
 */
export function blake2bCompression(): string {
  const steps = Array.from({ length: ROUNDS }, (_, round) =>
    MIXED.map((places, i) => mix(places, SIGMA[round % SIGMA.length]!.slice(2 * i, 2 * i + 2))),
  ).flat();
  const [first, second, third, fourth, ...others] = steps;
  const words = Array.from({ length: 16 }, (_, i) => i);
  const loaded = words.map((i) => `let v${i} = v128.load(state, ${16 * i});`);
  const stored = words.map((i) => `v128.store(state, v${i}, ${16 * i});`);
  const chained = words.slice(0, 8).map((i) => {
    const halves = `v128.xor(v${i}, v${i + 8})`;
    return `v128.store(hash, v128.xor(v128.load(chain, ${16 * i}), ${halves}), ${16 * i});`;
  });
  return [
    "import { rotate16, rotate24, rotate32, rotate63 } from './rotations';",
    'export function prepare(state: usize, message: usize): void {',
    ...[loaded, first, third, fourth, stored].flat(),
    '}',
    'export function finish(state: usize, chain: usize, message: usize, hash: usize): void {',
    ...[loaded, second, others.flat(), chained].flat(),
    '}',
  ].join('\n');
}

/** G (RFC 7693 §3.1) with the message's words of these numbers. */
function mix([a, b, c, d]: (typeof MIXED)[number], words: readonly number[]): string[] {
  return [
    ...add(a, b, words[0]!),
    `v${d} = rotate32(v128.xor(v${d}, v${a}));`,
    `v${c} = i64x2.add(v${c}, v${d});`,
    `v${b} = rotate24(v128.xor(v${b}, v${c}));`,
    ...add(a, b, words[1]!),
    `v${d} = rotate16(v128.xor(v${d}, v${a}));`,
    `v${c} = i64x2.add(v${c}, v${d});`,
    `v${b} = rotate63(v128.xor(v${b}, v${c}));`,
  ];
}

/** a += b + message word. */
const add = (a: number, b: number, word: number): string[] => [
  `v${a} = i64x2.add(v${a}, v${b});`,
  ...(word < 8 ? [`v${a} = i64x2.add(v${a}, v128.load(message, ${16 * word}));`] : []),
];
