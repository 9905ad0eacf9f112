import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { utf8 } from '../../../src/base/bytes.ts';
import { asSottoError } from '../../../src/base/errors.ts';
import { Channel } from '../../../src/channel/channel.ts';
import {
  ScoreChunkMessageSchema,
  ScoreRequestMessageSchema,
} from '../../../src/gen/sotto/protocol/v1/score_pb.ts';
import { linearScores, logistic } from '../../../src/math/linear-model.ts';
import type { Party, Run } from '../../../src/protocols/party.ts';
import {
  activeScore,
  modelsPerRow,
  type PassiveScoreInput,
  passiveScore,
} from '../../../src/protocols/score/index.ts';
import { memoryPair } from '../../support/memory-pair.ts';
import { MemoryScoreLedger } from '../../support/score-ledger.ts';

const noRandom = {
  bytes() {
    throw new Error('scoring draws no coins');
  },
};

/** A party whose role computes on its own thread: scoring has no task. */
function party(channel: Channel): Party {
  const compute = { threads: 1, run: () => Promise.reject(new Error('scoring runs no task')) };
  return { channel, compute, random: noRandom, signal: new AbortController().signal };
}

async function drive<T>(channel: Channel, run: Run<T>): Promise<T> {
  try {
    for (;;) {
      const { done, value } = await run.next();
      if (!done) continue;
      await channel.finish();
      return value;
    }
  } catch (thrown) {
    await channel.fail(asSottoError(thrown));
    throw thrown;
  }
}

type Halves = {
  active?: Partial<Parameters<typeof activeScore>[1]>;
  passive?: Partial<PassiveScoreInput>;
};

/** Four passive features and one active, each number known. */
function inputs(rows: number, { active = {}, passive = {} }: Halves = {}) {
  const wave = (columns: number) =>
    Float64Array.from({ length: rows * columns }, (_, index) => 3 * Math.sin(index + 1));
  const common = { modelId: 'model-1', step: 0.125 };
  return {
    active: {
      ...common,
      features: { rows, columns: 1, values: wave(1) },
      weights: Float64Array.of(0.7),
      intercept: -1,
      ...active,
    },
    passive: {
      ...common,
      features: { rows, columns: 4, values: wave(4) },
      weights: Float64Array.of(0.5, -0.25, 1, 0.1),
      intercept: 0,
      rowKeys: Array.from({ length: rows }, (_, row) => `customer-${row}`),
      ledger: new MemoryScoreLedger(),
      ...passive,
    },
  };
}

function channels(
  observe?: (direction: 'sent' | 'heard', type: string, bytes: Uint8Array) => void,
) {
  const [left, right] = memoryPair();
  const context = utf8('one agreement');
  return [
    new Channel(left, { context, ...(observe === undefined ? {} : { observe }) }),
    new Channel(right, { context }),
  ] as const;
}

async function score(rows: number, halves: Halves = {}) {
  const { active, passive } = inputs(rows, halves);
  const [left, right] = channels();
  const [scores, given] = await Promise.allSettled([
    drive(left, activeScore(party(left), active)),
    drive(right, passiveScore(party(right), passive)),
  ]);
  return { scores, given, active, passive };
}

function value<T>(settled: PromiseSettledResult<T>): T {
  if (settled.status === 'rejected') throw settled.reason;
  return settled.value;
}

const reason = (settled: PromiseSettledResult<unknown>) =>
  settled.status === 'rejected' ? asSottoError(settled.reason) : undefined;

test('scores are the sum of both halves, within half a step', async () => {
  const { scores, given, active, passive } = await score(50);
  const own = linearScores(active.features, active.weights, active.intercept);
  const other = linearScores(passive.features, passive.weights, 0);
  const { logits, probabilities } = value(scores);
  for (const [row, logit] of logits.entries()) {
    expect(Math.abs(logit - own[row]! - other[row]!)).toBeLessThanOrEqual(0.0625 + 1e-12);
    expect(probabilities[row]).toBe(logistic(logit));
    expect((logit - own[row]!) / 0.125).toBeCloseTo(Math.round((logit - own[row]!) / 0.125), 9);
  }
  expect(value(given)).toEqual({ rows: 50 });
});

test('more rows than fit a message arrive in order', async () => {
  const rows = 131_072 + 3;
  const { scores, active, passive } = await score(rows);
  const own = linearScores(active.features, active.weights, active.intercept);
  const other = linearScores(passive.features, passive.weights, 0);
  const { logits } = value(scores);
  expect(logits).toHaveLength(rows);
  const worst = logits.reduce(
    (most, logit, row) => Math.max(most, Math.abs(logit - own[row]! - other[row]!)),
    0,
  );
  expect(worst).toBeLessThanOrEqual(0.0625 + 1e-12);
});

test('the active party hears two bytes a row and nothing else', async () => {
  const heard: [string, number][] = [];
  const { active, passive } = inputs(1000);
  const [left, right] = channels((direction, type, bytes) => {
    if (direction === 'heard') heard.push([type, bytes.length]);
  });
  await Promise.all([
    drive(left, activeScore(party(left), active)),
    drive(right, passiveScore(party(right), passive)),
  ]);
  expect(heard).toEqual([[ScoreChunkMessageSchema.typeName, 2003]]);
});

test('what the active party hears depends on the passive part only through its nearest step', () => {
  const nudge = fc.double({ min: -0.06, max: 0.06, noNaN: true });
  return fc.assert(
    fc.asyncProperty(nudge, async (shift) => {
      const flat = { rows: 1, columns: 4, values: Float64Array.of(0, 0, 0, 1) };
      const weights = Float64Array.of(0, 0, 0, 0.5 + shift);
      const { scores, active } = await score(1, { passive: { features: flat, weights } });
      const own = linearScores(active.features, active.weights, active.intercept)[0]!;
      expect(value(scores).logits[0]).toBe(own + 0.5);
    }),
    { numRuns: 30 },
  );
});

describe('the ledger', () => {
  test('a row scored again by the same model gets the same answer, though its data changed', async () => {
    const ledger = new MemoryScoreLedger();
    const first = await score(5, { passive: { ledger } });
    const changed = first.passive.features.values.map((x) => x + 2);
    const features = { ...first.passive.features, values: changed };
    const second = await score(5, { passive: { ledger, features } });
    expect([...value(second.scores).logits]).toEqual([...value(first.scores).logits]);
  });

  test('a second model over a row of four features is refused, and nothing is sent', async () => {
    const ledger = new MemoryScoreLedger();
    value((await score(5, { passive: { ledger } })).scores);
    const again = { modelId: 'model-2' };
    const { scores, given } = await score(5, { active: again, passive: { ...again, ledger } });
    expect(reason(given)?.code).toBe('budget-exhausted');
    expect(reason(given)?.facts).toEqual({ rows: 5, modelsPerRow: 1 });
    expect(reason(scores)?.code).toBe('budget-exhausted');
  });

  test('a finer or coarser step after the first is refused', async () => {
    const ledger = new MemoryScoreLedger();
    value((await score(5, { passive: { ledger } })).scores);
    const coarse = { step: 0.5 };
    const { given } = await score(5, { active: coarse, passive: { ...coarse, ledger } });
    expect(reason(given)).toMatchObject({ code: 'parameters-rejected', facts: { field: 'step' } });
  });

  test('allows one model for each four features', () => {
    expect([3, 4, 11, 290].map(modelsPerRow)).toEqual([0, 1, 2, 72]);
  });

  test('a half of three features gives no scores at all', async () => {
    const features = { rows: 2, columns: 3, values: new Float64Array(6) };
    const weights = new Float64Array(3);
    const { given } = await score(2, { passive: { features, weights } });
    expect(reason(given)).toMatchObject({
      code: 'budget-exhausted',
      facts: { features: 3, atLeast: 4 },
    });
  });
});

describe('bad input is refused before anything is said', () => {
  const four = (values: Float64Array, rows = 2) => ({
    features: { rows, columns: 4, values },
    weights: new Float64Array(4).fill(1),
  });
  test.each([
    ['a missing feature', four(Float64Array.from([1, 2, 3, Number.NaN, 5, 6, 7, 8])), /missing/],
    ['features for one row too few', four(new Float64Array(4)), /missing for some/],
    ['no rows', four(new Float64Array(0), 0), /no row/],
    ['weights of another model', { weights: new Float64Array(5) }, /number of features/],
    ['a key too few', { rowKeys: ['a'] }, /one key of its own/],
    ['the same key twice', { rowKeys: ['a', 'a'] }, /one key of its own/],
    ['a step finer than allowed', { step: 0.01 }, /out of range/],
    ['a step that is not a number', { step: Number.NaN }, /out of range/],
  ])('%s', async (_name, passive: Partial<PassiveScoreInput>, message) => {
    const ledger = new MemoryScoreLedger();
    const rows = passive.features?.rows ?? 2;
    const rowKeys = Array.from({ length: rows }, (_, row) => `customer-${row}`);
    const { given } = await score(2, { passive: { rowKeys, ledger, ...passive } });
    expect(reason(given)?.message).toMatch(message);
  });
});

describe('a cheating active party', () => {
  test.each([
    ['modelId', { modelId: 'another', rows: 2, step: 0.125 }],
    ['rows', { modelId: 'model-1', rows: 3, step: 0.125 }],
    ['step', { modelId: 'model-1', rows: 2, step: 1e-9 }],
    ['step', { modelId: 'model-1', rows: 2, step: Number.NaN }],
  ])('that asks for another %s gets nothing', async (field, request) => {
    const [left, right] = channels();
    const ledger = new MemoryScoreLedger();
    const { passive } = inputs(2, { passive: { ledger } });
    const given = drive(right, passiveScore(party(right), passive)).then(
      () => undefined,
      asSottoError,
    );
    await left.send(ScoreRequestMessageSchema, request);
    await expect(left.receive(ScoreChunkMessageSchema, 1000)).rejects.toThrow();
    expect(await given).toMatchObject({ code: 'parameters-rejected', facts: { field } });
  });

  test('that sends an oversize request gets nothing', async () => {
    const [left, right] = channels();
    const { passive } = inputs(2);
    const given = drive(right, passiveScore(party(right), passive)).then(
      () => undefined,
      asSottoError,
    );
    const request = { modelId: 'm'.repeat(500), rows: 2, step: 0.125 };
    await left.send(ScoreRequestMessageSchema, request);
    expect(await given).toMatchObject({ code: 'protocol-violation' });
  });
});

describe('a cheating passive party', () => {
  const bytes = (...steps: number[]) => new Uint8Array(Int16Array.from(steps).buffer);
  test.each([
    ['one score too few', bytes(1)],
    ['one score too many', bytes(1, 2, 3)],
    ['half a score', bytes(1, 2).subarray(0, 3)],
    ['no scores', bytes()],
    ['a score that has no positive twin', bytes(1, -32_768)],
  ])('that gives %s is a violation', async (_name, steps) => {
    const [left, right] = channels();
    const { active } = inputs(2);
    const scores = drive(left, activeScore(party(left), active)).then(
      () => undefined,
      asSottoError,
    );
    await right.receive(ScoreRequestMessageSchema, 1000);
    await right.send(ScoreChunkMessageSchema, { steps });
    expect(await scores).toMatchObject({ code: 'protocol-violation' });
  });

  test('that answers with another message is a violation', async () => {
    const [left, right] = channels();
    const { active } = inputs(2);
    const scores = drive(left, activeScore(party(left), active)).then(
      () => undefined,
      asSottoError,
    );
    await right.receive(ScoreRequestMessageSchema, 1000);
    await right.send(ScoreRequestMessageSchema, { modelId: 'model-1' });
    expect(await scores).toMatchObject({ code: 'protocol-violation' });
  });
});

test('scores beyond two bytes saturate instead of wrapping round', async () => {
  const features = {
    rows: 2,
    columns: 4,
    values: Float64Array.from([1e6, -1e6, 0, 0, 0, 0, 0, 0]),
  };
  const weights = new Float64Array(4).fill(1);
  const { scores } = await score(2, { passive: { features, weights } });
  expect([...value(scores).probabilities]).toEqual([1, 0]);
});
