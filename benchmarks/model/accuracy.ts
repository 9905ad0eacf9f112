/**
 * How good the joint model is: against plain logistic regression on all columns in one place, and
 * against the bank alone. Trainings run under encryption, both parties in this process.
 */
import { availableParallelism } from 'node:os';
import { create } from '@bufbuild/protobuf';
import { openPool, type Pool } from '../../src/compute/pool.ts';
import { EXAMPLES } from '../../src/data/examples.ts';
import { JobSpecSchema } from '../../src/gen/sotto/job/v1/agreement_pb.ts';
import { normaliseSpec } from '../../src/jobs/spec.ts';
import type { FeatureMatrix } from '../../src/math/columns.ts';
import { linearScores, logistic } from '../../src/math/linear-model.ts';
import { fitLogistic } from '../../src/math/newton.ts';
import { logLoss } from '../../src/model/probabilities.ts';
import { auc } from '../../src/model/ranking.ts';
import { DEFAULT_STEP } from '../../src/protocols/score/index.ts';
import { toSteps } from '../../src/protocols/score/steps.ts';
import { activeTrain, passiveTrain, type Settings } from '../../src/protocols/vertical-lr/index.ts';
import { bothValues } from '../../test/support/two-party.ts';
import type { BenchOptions, Row } from '../harness.ts';
import { beside } from '../plain-training.ts';
import { temporaryFolder } from '../scenarios/temporary-folder.ts';
import {
  alignExample,
  type ExampleName,
  type PreparedExample,
  prepareExample,
} from './example-splits.ts';

/** Mean distance from the pooled optimum, over the split seeds. */
const MOST_AUC_DISTANCE = 0.002;
const MOST_LOG_LOSS_SHARE = 0.005;
const METHOD = 'real encryption in one process';

interface Quality {
  readonly auc: number;
  readonly logLoss: number;
}

interface Qualities {
  readonly joint: Quality;
  readonly pooled: Quality;
  readonly bank: Quality;
}

export async function* accuracy({ quick }: BenchOptions): AsyncGenerator<Row, void, void> {
  await using pool = openPool({ threads: availableParallelism() });
  const seeds = Array.from({ length: quick ? 2 : 10 }, (_, index) => index + 1);
  for (const example of Object.keys(EXAMPLES) as ExampleName[]) {
    await using folder = await temporaryFolder();
    const aligned = await alignExample(example, folder.path);
    const { settings, maxCategories } = productDefaults(example);
    const found: Qualities[] = [];
    for (const seed of seeds) {
      const prepared = prepareExample(aligned, seed, maxCategories);
      const qualities = await compareOn(prepared, settings, pool);
      found.push(qualities);
      yield* rowsOf(`accuracy: ${example}, split seed ${seed}`, qualities);
    }
    yield* distances(`accuracy: ${example}, ${settings.passes} passes`, found);
  }
}

/** What a job file that names columns and nothing else gets. */
function productDefaults(example: ExampleName): {
  readonly settings: Settings;
  readonly maxCategories: number;
} {
  const named = (columns: readonly string[]) => columns.map((name) => ({ name }));
  const { bank, company, label } = EXAMPLES[example];
  const spec = normaliseSpec(
    create(JobSpecSchema, {
      purpose: 'benchmark',
      active: { party: 'bank', dataset: 'a', columns: named(bank), label },
      passive: { party: 'company', dataset: 'b', columns: named(company) },
      protocol: { case: 'train', value: {} },
    }),
  );
  const { maxCategories } = spec.active!.columns[0]!;
  if (spec.protocol.case !== 'train') throw new Error('the spec is of another protocol');
  const { passes, ridge, harmonics } = spec.protocol.value;
  return { settings: { passes, ridge, harmonics }, maxCategories };
}

/** The joint model scores as the product does: the company's part of a logit in whole steps. */
async function compareOn(
  { bank, company, labels }: PreparedExample,
  settings: Settings,
  pool: Pool,
): Promise<Qualities> {
  const [active, passive] = await bothValues(
    (party) => activeTrain(party, { features: bank.train, labels: labels.train, settings }),
    (party) => passiveTrain(party, { features: company.train, settings }),
    { computes: [pool, pool], timeoutMs: 600_000 },
  );
  const own = linearScores(bank.heldOut, active.weights, active.intercept);
  const steps = toSteps(linearScores(company.heldOut, passive.weights, 0), DEFAULT_STEP);
  const ofLogits = (logits: Float64Array): Quality => {
    const probabilities = logits.map(logistic);
    return {
      auc: auc(labels.heldOut, probabilities),
      logLoss: logLoss(labels.heldOut, probabilities),
    };
  };
  const plain = (train: FeatureMatrix, heldOut: FeatureMatrix): Quality => {
    const fit = fitLogistic(train, labels.train, { ridge: settings.ridge });
    return ofLogits(linearScores(heldOut, fit.weights, fit.intercept));
  };
  return {
    joint: ofLogits(own.map((logit, row) => logit + DEFAULT_STEP * steps[row]!)),
    pooled: plain(beside(bank.train, company.train), beside(bank.heldOut, company.heldOut)),
    bank: plain(bank.train, bank.heldOut),
  };
}

function* rowsOf(name: string, { joint, pooled, bank }: Qualities): Generator<Row, void, void> {
  for (const [measure, unit] of [
    ['auc', 'AUC'],
    ['logLoss', 'nats'],
  ] as const) {
    const samples = 1;
    const baseline = { name: 'pooled', value: pooled[measure] };
    const quality = measure === 'auc' ? 'AUC' : 'log-loss';
    const value = joint[measure];
    // Of a loss less is better.
    const ratio = measure === 'auc' ? value / baseline.value : baseline.value / value;
    yield { name: `${name}, joint ${quality}, ${METHOD}`, value, unit, baseline, ratio, samples };
    yield { name: `${name}, pooled ${quality}`, value: pooled[measure], unit, samples };
    yield { name: `${name}, bank-only ${quality}`, value: bank[measure], unit, samples };
  }
}

function* distances(name: string, found: readonly Qualities[]): Generator<Row, void, void> {
  const samples = found.length;
  const mean = (of: (one: Qualities) => number): number =>
    found.reduce((sum, one) => sum + of(one), 0) / samples;
  yield {
    name: `${name}, mean |AUC - pooled|`,
    value: mean(({ joint, pooled }) => Math.abs(joint.auc - pooled.auc)),
    unit: 'AUC',
    samples,
    goal: { atMost: MOST_AUC_DISTANCE },
  };
  yield {
    name: `${name}, mean |log-loss / pooled - 1|`,
    value: mean(({ joint, pooled }) => Math.abs(joint.logLoss / pooled.logLoss - 1)),
    unit: 'share',
    samples,
    goal: { atMost: MOST_LOG_LOSS_SHARE },
  };
  for (const whose of ['joint', 'pooled', 'bank'] as const) {
    const title = whose === 'bank' ? 'bank-only' : whose;
    const value = mean((one) => one[whose].auc);
    yield { name: `${name}, mean ${title} AUC`, value, unit: 'AUC', samples };
  }
}
