/**
 * Goal: what a party sees of the other's ids is what the card says. A passive party that pads a cohort of one person with
 * invented ids learns of that person no more than epsilon.
 * Method: many seeds of the draws themselves; whole runs whose coins and tasks are looked at.
 */
import { expect, test } from 'vitest';
import { toHex } from '../../../src/base/bytes.ts';
import type { Compute } from '../../../src/compute/compute.ts';
import { inlineCompute } from '../../../src/compute/inline.ts';
import {
  MeasureSumsSchema,
  MeasureValuesSchema,
} from '../../../src/gen/sotto/protocol/v1/measure_pb.ts';
import { remaindersOf } from '../../../src/math/torus.ts';
import {
  errorBound,
  floodBound,
  SEED_BYTES,
  SUM_MODULI,
  SUM_RING,
} from '../../../src/primitives/he/index.ts';
import { ownShare } from '../../../src/primitives/he/reply.ts';
import { FINISHED_RING, SUM_DROP_BITS } from '../../../src/primitives/he/sum-parameters.ts';
import { drawDummies, dummiesPerCohort } from '../../../src/protocols/measure/dummies.ts';
import { drawNoise } from '../../../src/protocols/measure/lanes.ts';
import { measureTerms, measureTogether, type Stage } from '../../support/measure-stage.ts';
import { seededRandom } from '../../support/random.ts';
import { toyGroup } from '../../support/toy-group.ts';

const invented = Array.from({ length: 40 }, (_, i) => `invented ${i}`);
const others = Array.from({ length: 60 }, (_, i) => `customer ${i}`);
/** One real person among invented ids, who converted or did not. */
const isolating = (converted: boolean, change: Partial<Stage['terms']> = {}): Stage => {
  const converters = [converted ? 'victim' : 'somebody else', ...others];
  return {
    terms: measureTerms({ cohorts: 1, least: 10, countEpsilon: 1, columns: [], ...change }),
    cohorts: [['victim', ...invented]],
    converters,
    values: (change.columns ?? []).map(() => converters.map(() => 0)),
  };
};

/** Runs tasks, and keeps what passive chose to sum. */
function watched(seen: number[]): Compute {
  const inner = inlineCompute(toyGroup);
  const run: Compute['run'] = (name, input, options) => {
    if (name === 'sumSelected') seen.push((input as { selected: Uint32Array }).selected.length);
    return inner.run(name, input, options);
  };
  return { threads: 1, run };
}

test('how many match is as likely with a conversion as without, to within epsilon', () => {
  for (const matchEpsilon of [0.5, 1]) {
    const draws = 10_000;
    const seen = [0, 1].map((converted) => {
      const random = seededRandom(`${matchEpsilon} ${converted}`);
      const counts = new Map<number, number>();
      for (let i = 0; i < draws; i++) {
        const matches = converted + drawDummies(random, { matchEpsilon });
        counts.set(matches, (counts.get(matches) ?? 0) + 1);
      }
      return counts;
    });
    for (let matches = 0; matches <= dummiesPerCohort({ matchEpsilon }) + 1; matches++) {
      const [without, including] = seen.map((counts) => counts.get(matches) ?? 0) as [
        number,
        number,
      ];
      if (Math.min(without, including) < 100) continue;
      const loss = Math.abs(Math.log(including / without));
      // Three standard errors of a logarithm of two counts.
      expect(loss).toBeLessThan(matchEpsilon + 3 * Math.sqrt(1 / without + 1 / including));
    }
  }
});

test('in whole runs passive sees draws, not whether its one real person converted', async () => {
  const { matchEpsilon } = measureTerms();
  const most = dummiesPerCohort({ matchEpsilon });
  const counts: number[][] = [[], []];
  for (const converted of [false, true]) {
    for (let seed = 0; seed < 12; seed++) {
      const [passive, active] = await measureTogether(isolating(converted), {
        computes: [watched(counts[Number(converted)]!), inlineCompute(toyGroup)],
        seed: `${converted} ${seed}`,
      });
      // One count, with noise, stays below the least.
      expect(passive.value).toEqual([{ exposed: 41, sums: undefined }]);
      expect(active.value).toEqual(passive.value);
    }
  }
  for (const [converted, seen] of counts.entries()) {
    expect(new Set(seen).size).toBeGreaterThan(3);
    for (const matches of seen) {
      expect(matches).toBeGreaterThanOrEqual(converted);
      expect(matches).toBeLessThanOrEqual(most + converted);
    }
  }
});

test('traffic depends on sizes alone: who is in both and what is drawn changes no length', async () => {
  const lengths = async (converted: boolean, seed: string) => {
    const computes = [inlineCompute(toyGroup), inlineCompute(toyGroup)] as const;
    const [passive, active] = await measureTogether(isolating(converted), { computes, seed });
    return [passive.view, active.view].map(({ messages }) =>
      messages.map(({ typeName, bytes }) => [typeName, bytes.length]),
    );
  };
  expect(await lengths(true, 'one')).toEqual(await lengths(false, 'another'));
});

test('each party hears the messages of the card, and no other', async () => {
  const computes = [inlineCompute(toyGroup), inlineCompute(toyGroup)] as const;
  const [passive, active] = await measureTogether(isolating(true), { computes });
  const names = (view: typeof passive.view) =>
    view.heardTypes().map((name) => name.replace('sotto.protocol.v1.', ''));
  expect(names(passive.view)).toEqual([
    'MeasureSizes',
    'MeasureKey',
    'AlignPoints',
    'MeasureValues',
    'AlignFingerprints',
    'MeasureTable',
  ]);
  expect(names(active.view)).toEqual(['MeasureSizes', 'AlignPoints', 'MeasureSums']);
});

test('noise of both parties is in what the other sees: neither knows the numbers', async () => {
  const stage = isolating(true, { countEpsilon: 0.2, least: 1 });
  const counts = new Set<number>();
  const own = seededRandom('the same coins');
  const fixed = own.bytes(1 << 16);
  // One party's noise is the same each time; the table is not, for the other's differs.
  for (const still of [0, 1] as const) {
    for (let seed = 0; seed < 6; seed++) {
      let at = 0;
      const advance = (length: number): number => {
        at += length;
        return at;
      };
      const same = { bytes: (length: number) => fixed.slice(at, advance(length)) };
      const moving = seededRandom(`moving ${seed}`);
      const [, active] = await measureTogether(
        { ...stage, cohorts: [[...others, ...invented]] },
        {
          computes: [inlineCompute(toyGroup), inlineCompute(toyGroup)],
          noise: still === 0 ? [same, moving] : [moving, same],
        },
      );
      counts.add(active.value![0]!.sums?.[0] ?? 0);
    }
    expect(counts.size).toBeGreaterThan(2);
    counts.clear();
  }
});

test('no two ciphertexts of values have one mask, and no two columns one draw of noise', async () => {
  const columns = Array.from({ length: 3 }, () => ({ most: 1, epsilon: 0.1 }));
  const stage = isolating(true, { columns, countEpsilon: 0.1 });
  const [passive] = await measureTogether(stage, {
    computes: [inlineCompute(toyGroup), inlineCompute(toyGroup)],
  });
  const seeds = passive.view
    .heard(MeasureValuesSchema)
    .flatMap(({ seeds: each }) =>
      Array.from({ length: each.length / SEED_BYTES }, (_, i) =>
        toHex(each.subarray(i * SEED_BYTES, (i + 1) * SEED_BYTES)),
      ),
    );
  expect(seeds).toHaveLength(5); // ids, columns, dummies: a block each
  expect(new Set(seeds).size).toBe(5);
  const draws = drawNoise(stage.terms, seededRandom('columns'));
  expect(new Set(draws).size).toBe(4);
});

test('what passive sends is flooded: its error is of the size of the flood, 40 bits above any other', async () => {
  let secret = new Int8Array(0);
  const inner = inlineCompute(toyGroup);
  const run: Compute['run'] = async (name, input, options) => {
    const result = await inner.run(name, input, options);
    if (name === 'generateKey') secret = (result as { secret: Int8Array }).secret.slice() as never;
    return result;
  };
  const columns = Array.from({ length: 8 }, () => ({ most: 1, epsilon: 1 }));
  const [, active] = await measureTogether(isolating(true, { columns }), {
    computes: [inner, { threads: 1, run }],
  });
  const [sums] = active.view.heard(MeasureSumsSchema);
  const count = columns.length + 2; // and ids and dummies, each in one lane
  const shares = ownShare({
    ring: FINISHED_RING,
    secret,
    reply: sums!.second,
    count,
    dropBits: SUM_DROP_BITS,
    take: 'constant',
  });
  const { modulus: q, combine } = remaindersOf(FINISHED_RING.primes);
  const view = new DataView(sums!.first.buffer, sums!.first.byteOffset);
  const t = BigInt(SUM_MODULI[0]!);
  const errors = Array.from({ length: count }, (_, i) => {
    const phase = (view.getBigUint64(8 * i, true) + combine(shares.subarray(2 * i, 2 * i + 2))) % q;
    const rest = (phase * t) % q;
    return Number((rest > q / 2n ? q - rest : rest) / t);
  });
  const last = BigInt(SUM_RING.primes[2]!);
  const summands = others.length + 1 + dummiesPerCohort(measureTerms());
  const flood = Number(floodBound(summands) / last);
  // Uniform: the largest of ten is seldom below half. What rounding adds is a sixteenth at most.
  expect(Math.max(...errors)).toBeGreaterThan(flood / 4);
  expect(Math.max(...errors)).toBeLessThan(1.2 * flood);
  expect(floodBound(summands)).toBe(errorBound(summands) << 40n);
});
