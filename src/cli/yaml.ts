/** YAML files of a person: read with positions, so that every complaint says where and what would be right. */
import { readFileSync } from 'node:fs';
import { isMap, isNode, LineCounter, type ParsedNode, parseDocument } from 'yaml';
import { SottoError } from '../base/errors.ts';

/** Steps from the root of a document to a value in it. */
export type Path = readonly (string | number)[];

/** One thing wrong in a file. */
export interface Complaint {
  readonly path: Path;
  /** `key`: the position of the last step's key; `value`: of what stands behind it. */
  readonly at: 'key' | 'value';
  readonly text: string;
}

/** A parsed file: its plain value, and where each part of it stands. */
export interface YamlFile {
  readonly name: string;
  readonly value: unknown;
  positionOf(path: Path, at: 'key' | 'value'): { readonly line: number; readonly column: number };
}

/** Larger files are no configuration: refused before they are parsed. */
const MOST_CHARACTERS = 4 << 20;

/** Reads and parses; a syntax error or a key given twice is `invalid-argument` with its line. */
export function readYaml(file: string): YamlFile {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new SottoError('invalid-argument', `cannot read ${file}: ${reason}`, {}, { cause });
  }
  return parseYaml(file, text);
}

export function parseYaml(name: string, text: string): YamlFile {
  if (text.length > MOST_CHARACTERS) {
    throw new SottoError('invalid-argument', `${name} is too long`, {
      characters: text.length,
      most: MOST_CHARACTERS,
    });
  }
  const lines = new LineCounter();
  const document = parseDocument<ParsedNode>(text, {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'error', // what is odd and not wrong is no reason to write on the worker's output
  });
  const broken = document.errors[0];
  if (broken !== undefined) {
    const { line, col } = lines.linePos(broken.pos[0]);
    throw new SottoError('invalid-argument', `${name}:${line}:${col}: ${broken.message}`, {
      line,
      column: col,
    });
  }
  return {
    name,
    value: plain(name, document),
    positionOf(path, at) {
      let offset = 0;
      let node: unknown = document.contents;
      for (const [index, step] of path.entries()) {
        const pair = isMap(node)
          ? node.items.find((item) => String(isNode(item.key) ? item.key : '') === String(step))
          : undefined;
        const key = pair?.key;
        const inside = document.getIn(path.slice(0, index + 1), true);
        const wantKey = index === path.length - 1 && at === 'key';
        const found = wantKey && isNode(key) ? key : (inside ?? key);
        if (isNode(found) && found.range) offset = found.range[0];
        node = inside;
      }
      const { line, col } = lines.linePos(offset);
      return { line, column: col };
    },
  };
}

/** The document's value; `invalid-argument` for an alias of nothing, and for aliases that grow without bound. */
function plain(name: string, document: ReturnType<typeof parseDocument<ParsedNode>>): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unreadable';
    throw new SottoError('invalid-argument', `${name}: ${reason}`, {}, { cause });
  }
}

/** All complaints about a file as one error, in the order of their lines; facts are those of the first. */
export function complain(file: YamlFile, complaints: readonly Complaint[]): SottoError {
  const placed = complaints
    .map(({ path, at, text }) => ({ ...file.positionOf(path, at), text }))
    .sort((a, b) => a.line - b.line || a.column - b.column);
  const lines = placed.map(({ line, column, text }) => `${file.name}:${line}:${column}: ${text}`);
  const first = placed[0] ?? { line: 1, column: 1 };
  return new SottoError('invalid-argument', lines.join('\n'), {
    line: first.line,
    column: first.column,
  });
}

/** What to say of a key that is not among the allowed ones: the nearest, or all. */
export function unknownKey(key: string, allowed: readonly string[]): string {
  const near = nearest(key, allowed);
  const hint = near === undefined ? '' : `; did you mean "${near}"?`;
  return `unknown key "${key}"${hint} (allowed here: ${allowed.join(', ')})`;
}

/** The candidate that differs in the fewest letters, if in at most a third of them (case aside), or 2. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

/** Levenshtein's distance, by rows. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, previous[j]! + 1, row[j - 1]! + 1));
    }
    previous = row;
  }
  return previous[b.length]!;
}

/** A value as a complaint quotes it: short, and on one line. */
export function found(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value !== null && typeof value === 'object') return 'a map';
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 37)}…"` : text;
}
