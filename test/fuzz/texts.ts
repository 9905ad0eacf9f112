/** What a person, or a broken program, does to YAML, PEM and JSON. */
import { utf8 } from '../../src/base/bytes.ts';
import { below, mutateBytes, oneOf, type Word } from './mutations.ts';

const TOKENS: readonly string[] = [
  ...[
    '"',
    "'",
    ':',
    '- ',
    '\t',
    '\n',
    '\r\n',
    ' ',
    '#',
    '{',
    '}',
    '[',
    ']',
    ',',
    '|',
    '>',
    '%',
    '@',
  ],
  ...[
    '&a ',
    '*a',
    '<<: *a',
    '? ',
    '!!binary ',
    '!!js/function ',
    '---\n',
    '...\n',
    '\u0000',
    '\uFEFF',
  ],
  ...[
    'null',
    'true',
    '~',
    '-1',
    '0',
    '1e999',
    '-1e999',
    '.nan',
    '0x7fffffffffffffff',
    '1.5',
    '99999999999',
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    '"__proto__": {',
    '../../etc/passwd',
    '\ud800',
    'é',
    '𐍈',
  ],
  ...[
    'a'.repeat(5000),
    '['.repeat(3000),
    '{a: '.repeat(1000),
    '{"a":'.repeat(3000),
    '- '.repeat(2000),
  ],
];

type TextMutation = (honest: string, word: Word) => string;

const TEXTS: readonly TextMutation[] = [
  (honest, word) => {
    const letters = [...honest.matchAll(/[\p{L}\p{N}]/gu)];
    if (letters.length === 0) return oneOf(word, TOKENS);
    const { 0: old, index } = oneOf(word, letters); // one letter or digit for another
    const other = /\d/.test(old) ? below(word, 10) : oneOf(word, [...'aZé9_-']);
    return `${honest.slice(0, index)}${other}${honest.slice(index + old.length)}`;
  },
  (honest, word) => {
    const at = below(word, honest.length);
    return honest.slice(0, at) + oneOf(word, TOKENS) + honest.slice(at);
  },
  (honest, word) => {
    const at = below(word, honest.length);
    const token = oneOf(word, TOKENS);
    return honest.slice(0, at) + token + honest.slice(at + token.length);
  },
  (honest, word) => {
    const words = [...honest.matchAll(/[\w.:-]+/g)];
    if (words.length === 0) return oneOf(word, TOKENS);
    const { 0: old, index } = oneOf(word, words);
    const other = word() % 2 === 0 ? oneOf(word, TOKENS) : oneOf(word, words)[0];
    return honest.slice(0, index) + other + honest.slice(index + old.length);
  },
  (honest, word) => {
    const lines = honest.split('\n');
    const [from, to] = [below(word, lines.length), below(word, lines.length)];
    lines.splice(to, word() % 2, lines[from]!);
    return lines.join('\n');
  },
  (honest, word) => {
    const lines = honest.split('\n');
    const at = below(word, lines.length);
    lines[at] = ' '.repeat(below(word, 6)) + lines[at]!.trimStart();
    return lines.join('\n');
  },
  (honest, word) => honest.slice(0, below(word, honest.length)),
  (honest, word) => Buffer.from(mutateBytes(utf8(honest), word)).toString('utf8'),
  (_, word) => oneOf(word, TOKENS).repeat(1 + below(word, 3)),
  (_, word) =>
    `a: &a [x, x]\n${'bcdefgh'.replace(/./g, (c) => `${c}: &${c} [*a, *a, *a]\n`)}${word()}`,
];

export function mutateText(honest: string, word: Word): string {
  let text = honest;
  for (let edits = 1 + below(word, 2); edits > 0; edits--) text = oneOf(word, TEXTS)(text, word);
  return text;
}

const VALUES: readonly unknown[] = [
  ...[null, true, 0, -1, 1e308, 0.5, '', 'x', '__proto__', [], {}, [[]], { a: 1 }],
  ...[
    2 ** 53,
    -0,
    'Infinity',
    '2026-01-01T00:00:00Z',
    [null],
    Array.from({ length: 500 }, () => 0),
  ],
];

/** The same JSON value with one of its parts changed, missing, or of another name. */
export function mutateJson(honest: unknown, word: Word): unknown {
  const copy = structuredClone(honest);
  let at: unknown = copy;
  for (;;) {
    if (at === null || typeof at !== 'object') return oneOf(word, VALUES);
    const holder = at as Record<string, unknown>;
    const keys = Object.keys(holder);
    if (keys.length === 0) return copy;
    const key = oneOf(word, keys);
    const inner = holder[key];
    if (inner !== null && typeof inner === 'object' && word() % 5 !== 0) {
      at = inner;
      continue;
    }
    const kind = word() % 4;
    if (kind === 0) delete holder[key];
    else if (kind === 1) holder[oneOf(word, ['surprise', 'toString', ...keys])] = inner;
    else holder[key] = oneOf(word, VALUES);
    return copy;
  }
}
