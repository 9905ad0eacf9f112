/** A predicate's text as tokens, each with its place. */
import { SottoError } from '../../base/errors.ts';

export type Token =
  | {
      readonly kind: 'word' | 'column' | 'text' | 'symbol';
      readonly text: string;
      readonly at: number;
    }
  | { readonly kind: 'number'; readonly text: string; readonly value: number; readonly at: number }
  | { readonly kind: 'end'; readonly text: string; readonly at: number };

/** Longer ones are programs, and nobody reads them before approving. */
const MAX_LENGTH = 4_000;

const PATTERNS: readonly (readonly [RegExp, Token['kind']])[] = [
  [/[A-Za-z_][A-Za-z0-9_]*/y, 'word'],
  [/"(?:[^"]|"")+"/y, 'column'],
  [/'(?:[^']|'')*'/y, 'text'],
  [/[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![A-Za-z0-9_.])/y, 'number'],
  [/<=|>=|<>|!=|[=<>(),]/y, 'symbol'],
];

/** @throws SottoError invalid-argument with `position`, counted from 1. */
export function tokenize(text: string): Token[] {
  if (text.length > MAX_LENGTH) {
    throw new SottoError(
      'invalid-argument',
      `the condition is longer than ${MAX_LENGTH} characters`,
      {
        position: MAX_LENGTH + 1,
        found: text.length,
        most: MAX_LENGTH,
      },
    );
  }
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    while (/\s/.test(text[at] ?? '')) at += 1;
    if (at === text.length) return [...tokens, { kind: 'end', text: 'the end', at }];
    const token = tokenAt(text, at);
    tokens.push(token);
    at += lengthAt(text, at);
  }
}

function lengthAt(text: string, at: number): number {
  return matchAt(text, at)![0].length;
}

function matchAt(text: string, at: number): readonly [string, Token['kind']] | undefined {
  for (const [pattern, kind] of PATTERNS) {
    pattern.lastIndex = at;
    const [found] = pattern.exec(text) ?? [];
    if (found !== undefined) return [found, kind];
  }
  return undefined;
}

function tokenAt(text: string, at: number): Token {
  const match = matchAt(text, at);
  if (match === undefined)
    throw unexpected({ kind: 'symbol', text: text[at]!, at }, 'a column, value or operator');
  const [found, kind] = match;
  if (kind === 'number') {
    const value = Number(found);
    if (!Number.isFinite(value))
      throw unexpected({ kind: 'symbol', text: found, at }, 'a finite number');
    return { kind, text: found, value, at };
  }
  if (kind === 'column') return { kind, text: found.slice(1, -1).replaceAll('""', '"'), at };
  if (kind === 'text') return { kind, text: found.slice(1, -1).replaceAll("''", "'"), at };
  return { kind, text: found, at } as Token;
}

/** What was found where, and what could stand there instead. */
export function unexpected({ text, at }: Token, expected: string): SottoError {
  const position = at + 1;
  const message = `at character ${position} of the condition: expected ${expected}, found ${text}`;
  return new SottoError('invalid-argument', message, { position, expected });
}
