/**
 * Goal: two parties that each say their words in order, as soon as what a word needs was heard, both come to an end.
 * Method: the orders of both, played against each other without any arithmetic.
 */
import { expect, test } from 'vitest';
import { chunksFor, type Word, wordsOf } from '../../../src/protocols/vertical-lr/chunks.ts';
import { chooseParameters } from '../../../src/protocols/vertical-lr/index.ts';
import { chunksOf, type Role } from '../../../src/protocols/vertical-lr/sizes.ts';

const parametersOf = (rows: number) =>
  chooseParameters({ rows, dActive: 3, dPassive: 3, passes: 2, harmonics: 3 });

const nameOf = ({ about, index }: Word): string => `${about} ${index}`;

/** What must have been heard before a word can be said. */
function needs({ about, index, chunk }: Word, role: Role): string[] {
  if (about === 'forward') return [];
  if (about === 'phasors') return [`forward ${index}`];
  if (about === 'answer') return [`forward ${index}`, `phasors ${index}`];
  return chunk.encryptor === role ? [`answer ${index}`] : [`phasors ${index}`];
}

/** Both parties' words in an order in which they can be said. */
function play(rows: number): string[] {
  const parameters = parametersOf(rows);
  const queues = { active: wordsOf('active', parameters), passive: wordsOf('passive', parameters) };
  const heard = { active: new Set<string>(), passive: new Set<string>() };
  const said: string[] = [];
  for (let before = -1; before < said.length; ) {
    before = said.length;
    for (const role of ['active', 'passive'] as const) {
      const other = role === 'active' ? 'passive' : 'active';
      const word = queues[role][0];
      if (word === undefined || !needs(word, role).every((name) => heard[role].has(name))) continue;
      queues[role].shift();
      heard[other].add(nameOf(word));
      said.push(`${role}: ${nameOf(word)}`);
    }
  }
  expect(queues).toEqual({ active: [], passive: [] });
  return said;
}

test.each([1000, 4097, 9000, 100_000, 1_000_000])('with %i rows nobody waits for ever', (rows) => {
  const chunks = chunksFor(parametersOf(rows));
  const said = play(rows);
  // Of each chunk: two forward replies, phasors, an answer, two shares of residuals.
  expect(said).toHaveLength(6 * chunks.length);
  expect(new Set(said).size).toBe(said.length);
});

test('chunks cover all blocks once, and the parties take turns', () => {
  for (const blocks of [1, 2, 3, 25, 245]) {
    const chunks = chunksOf(blocks, 172_000);
    expect(chunks[0]!.from).toBe(0);
    expect(chunks.at(-1)!.to).toBe(blocks);
    for (const [i, { from, encryptor, turn }] of chunks.entries()) {
      if (i > 0) expect(from).toBe(chunks[i - 1]!.to);
      expect(encryptor).toBe(i % 2 === 0 ? 'passive' : 'active');
      expect(turn).toBe(Math.floor(i / 2));
    }
    const rows = (role: Role): number =>
      chunks.reduce(
        (sum, { from, to, encryptor }) => sum + (encryptor === role ? to - from : 0),
        0,
      );
    if (blocks > 100) expect(rows('active') / rows('passive')).toBeGreaterThan(0.95);
  }
});
