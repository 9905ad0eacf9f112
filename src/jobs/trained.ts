/** What a training leaves at each party: its half of the model, and at the label side metrics and a report. */
import type { JsonObject } from '@bufbuild/protobuf';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { utf8 } from '../base/bytes.ts';
import type { Split } from '../data/split.ts';
import { linearScores, logistic } from '../math/linear-model.ts';
import { fitLogistic } from '../math/newton.ts';
import { type HalfFacts, halfOf } from '../model/half.ts';
import { type Metrics, measure } from '../model/metrics.ts';
import { type ReportPhase, reportOf } from '../model/report.ts';
import { renderReport } from '../model/report-files.ts';
import type { Scores } from '../protocols/score/index.ts';
import type { ActiveTrained, Trained } from '../protocols/vertical-lr/index.ts';
import type { Alignment } from './align.ts';
import type { Prepared } from './features.ts';
import { participant } from './fields.ts';
import { type JobContext, type Outcome, trainSpecOf } from './role.ts';

const DAY_MS = 86_400_000;
/** Row-feature products of one Newton step on one core in about a second: beyond it the comparison is left out. */
const MOST_BASELINE_WORK = 3e8;

export interface Labels {
  readonly train: Uint8Array;
  readonly heldOut: Uint8Array;
}

/** 0 or 1 for each row, in the common order. */
export async function labelsOf(
  { own, party, tables }: JobContext,
  { rows }: Alignment,
  split: Split,
): Promise<Labels> {
  await using table = await tables.open(own.dataset);
  const { column, positive } = own.label!;
  const labels = await table.labels({ column, positive }, rows, { signal: party.signal });
  const pick = (places: Uint32Array) => Uint8Array.from(places, (place) => labels[place]!);
  return { train: pick(split.train), heldOut: pick(split.heldOut) };
}

interface Training {
  readonly alignment: Alignment;
  readonly prepared: Prepared;
  readonly peerFeatures: number;
}

export interface ActiveTraining extends Training {
  readonly labels: Labels;
  readonly trained: ActiveTrained;
  readonly scores: Scores;
  readonly phases: readonly ReportPhase[];
}

export async function activeOutcome(
  context: JobContext,
  training: ActiveTraining,
): Promise<Outcome> {
  const { labels, trained, scores } = training;
  const joint = measure(labels.heldOut, scores.probabilities);
  const activeOnly = ownColumnsOnly(context, training);
  const metrics = summary(joint);
  const files = await reportFiles(context, training, joint, activeOnly);
  const train = training.phases.find(({ name }) => name === 'train')!;
  return {
    result: {
      ...counts(context, training),
      metrics,
      ...(activeOnly === undefined ? {} : { metricsOwnColumnsOnly: summary(activeOnly) }),
      trainSeconds: train.seconds,
      trainBytesSent: train.sentBytes,
      trainBytesReceived: train.receivedBytes,
      warnings: warningsOf(trained),
    },
    parameters: { ...trained.parameters },
    artifacts: {
      'report.json': utf8(files['report.json']),
      'report.html': utf8(files['report.html']),
      'metrics.json': utf8(`${JSON.stringify({ joint, activeOnly }, undefined, 2)}\n`),
    },
    keep: () => keepHalf(context, training, { trained, intercept: trained.intercept, metrics }),
    discard: () => context.inventory.delete(context.modelId),
  };
}

export async function passiveOutcome(
  context: JobContext,
  training: Training & { readonly trained: Trained },
): Promise<Outcome> {
  const { trained } = training;
  return {
    result: { ...counts(context, training), warnings: warningsOf(trained) },
    parameters: { ...trained.parameters },
    artifacts: {},
    keep: () => keepHalf(context, training, { trained, intercept: 0, metrics: {} }),
    discard: () => context.inventory.delete(context.modelId),
  };
}

function counts(context: JobContext, { alignment, prepared, peerFeatures }: Training): JsonObject {
  return {
    modelId: context.modelId,
    rows: alignment.rows.length,
    trainRows: prepared.train.rows,
    heldOutRows: prepared.heldOut.rows,
    features: prepared.train.columns,
    peerFeatures,
    passes: trainSpecOf(context).passes,
  };
}

const summary = ({ auc, ks, logLoss }: Metrics) => ({ auc, ks, logLoss });

function warningsOf({ warning }: Trained): string[] {
  const sides = [warning.own ? 'this' : undefined, warning.peer ? 'the other' : undefined];
  return sides
    .filter((side) => side !== undefined)
    .map(
      (side) =>
        `${side} party's part of the logits left the range of the sigmoid on more than one row in a thousand: raise the ridge or the harmonics`,
    );
}

/** How good this party's columns alone are, by plain logistic regression: is the other's part worth it? */
function ownColumnsOnly(
  context: JobContext,
  { prepared, labels }: ActiveTraining,
): Metrics | undefined {
  const { train, heldOut } = prepared;
  if (train.rows * train.columns ** 2 > MOST_BASELINE_WORK) return undefined;
  const fit = fitLogistic(train, labels.train, { ridge: trainSpecOf(context).ridge });
  return measure(labels.heldOut, linearScores(heldOut, fit.weights, fit.intercept).map(logistic));
}

async function keepHalf(
  context: JobContext,
  { alignment, prepared }: Training,
  learnt: {
    readonly trained: Trained;
    readonly intercept: number;
    readonly metrics: Record<string, number>;
  },
): Promise<void> {
  const { agreement, own, role, peer } = context;
  const beganMs = timestampMs(agreement.notBefore!);
  const facts: HalfFacts = {
    id: context.modelId,
    role,
    party: own.party,
    peer,
    purpose: agreement.spec!.purpose,
    columns: own.columns.map(({ name }) => name),
    ...(own.label === undefined
      ? {}
      : { label: { column: own.label.column, positive: own.label.positive } }),
    preprocessing: prepared.preprocessing,
    weights: learnt.trained.weights,
    intercept: learnt.intercept,
    parameters: { ...learnt.trained.parameters },
    metrics: learnt.metrics,
    // Both from the agreement, so that both halves end on the same day.
    createdAt: new Date(beganMs).toISOString(),
    expiresAt: new Date(beganMs + trainSpecOf(context).modelDays * DAY_MS).toISOString(),
    lineage: {
      jobId: agreement.jobId,
      agreementSha256: context.agreementSha256,
      dataset: own.dataset,
      alignedRows: alignment.rows.length,
      trainRows: prepared.train.rows,
      heldOutRows: prepared.heldOut.rows,
      ...originOf(context),
    },
  };
  await context.inventory.save(halfOf(facts));
}

/** Where a model comes from, besides its rows. */
function originOf(
  context: JobContext,
): Pick<HalfFacts['lineage'], 'parentModelId' | 'measureJobId'> {
  const { parentModelId, measureJobId } = trainSpecOf(context);
  return {
    ...(parentModelId === '' ? {} : { parentModelId }),
    ...(measureJobId === '' ? {} : { measureJobId }),
  };
}

function reportFiles(
  context: JobContext,
  { alignment, prepared, trained, peerFeatures, phases }: ActiveTraining,
  joint: Metrics,
  activeOnly: Metrics | undefined,
) {
  const { agreement, own } = context;
  const spec = agreement.spec!;
  const columns = (role: 'active' | 'passive') =>
    participant(spec, role).columns.map(({ name }) => name);
  return renderReport(
    reportOf({
      jobId: agreement.jobId,
      modelId: context.modelId,
      purpose: spec.purpose,
      createdAt: new Date(context.clock.now()).toISOString(),
      parties: { active: own.party, passive: context.peer },
      label: { column: own.label!.column, positive: own.label!.positive },
      rows: {
        active: alignment.tableRows,
        aligned: alignment.rows.length,
        train: prepared.train.rows,
        heldOut: prepared.heldOut.rows,
      },
      columns: { active: columns('active'), passive: columns('passive') },
      features: { active: prepared.train.columns, passive: peerFeatures },
      metrics: activeOnly === undefined ? { joint } : { joint, activeOnly },
      phases,
      disclosures: agreement.disclosures.map(({ party, learns }) => ({ party, learns })),
      parameters: trained.parameters,
      warnings: warningsOf(trained),
    }),
  );
}
