/** Columns for tests, repeatable from a seed. */
import type { Column } from '../../src/math/columns.ts';

/** A repeatable stream of numbers in [-1, 1). */
export function stream(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2 ** 31;
  };
}

export const numeric = (name: string, values: readonly number[]): Column => ({
  name,
  kind: 'numeric',
  values: Float64Array.from(values),
});

export function categorical(name: string, texts: readonly (string | null)[]): Column {
  const categories = [...new Set(texts.filter((text) => text !== null))].sort();
  const codes = Int32Array.from(texts, (text) => (text === null ? -1 : categories.indexOf(text)));
  return { name, kind: 'categorical', codes, categories };
}

/** Two correlated numbers, one of them with missing values, and four categories, of any size. */
export function someColumns(rows: number, seed: number): Column[] {
  const next = stream(seed);
  const age = Array.from({ length: rows }, () => 40 + 20 * next());
  const income = age.map((years) => (next() > 0.6 ? Number.NaN : 1000 * years + 9000 * next()));
  const homes = ['rent', 'owner', 'parents', 'other'];
  const home = age.map(() => homes[Math.floor(2 * (next() + 1))]!);
  return [numeric('age', age), numeric('income', income), categorical('home', home)];
}
