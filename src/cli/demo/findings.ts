/** What the demo makes of its finished jobs: the report with what the joint model is compared with, and the scores. */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { SottoError } from '../../base/errors.ts';
import { AgreementSchema } from '../../gen/sotto/job/v1/agreement_pb.ts';
import type { Job } from '../../gen/sotto/job/v1/job_pb.ts';
import type { Report } from '../../model/report.ts';
import { writeReport } from '../../model/report-files.ts';
import { predictSpec, SCORES_FILE } from '../commands/predict.ts';
import { loadConfig, tablesOf } from '../config.ts';
import type { OperatorClient } from '../connection.ts';
import { compare } from './baselines.ts';
import type { DemoSetup } from './setup.ts';

/** The bank's report, completed by what only a demo can compare with, and written to the folder. */
export async function completeReport(
  setup: DemoSetup,
  bank: OperatorClient,
  job: Job,
  folder: string,
): Promise<Report> {
  const report = (await artifactOf(bank, job, 'report.json')) as Report;
  const signed = (await artifactOf(bank, job, 'agreement.json')) as { readonly bytes: string };
  // Its seed says which rows are held out.
  const agreement = fromBinary(AgreementSchema, Buffer.from(signed.bytes, 'base64'));
  const baselines = await compare(agreement, {
    active: tablesOf(loadConfig(setup.bank.config)).customers!,
    passive: tablesOf(loadConfig(setup.company.config)).accounts!,
  });
  const complete: Report = { ...report, metrics: { ...baselines, ...report.metrics } };
  await writeReport(folder, complete);
  return complete;
}

async function artifactOf(bank: OperatorClient, job: Job, name: string): Promise<unknown> {
  return JSON.parse(new TextDecoder().decode(await bank.artifact(job.id, name)));
}

export interface Predicted {
  readonly rows: number;
  readonly seconds: number;
  readonly bytes: number;
}

/** Scores the second tables with the model, and saves what the bank gets. */
export async function scoreApplicants(
  bank: OperatorClient,
  modelId: string,
  folder: string,
  settled: (id: string) => Promise<Job>,
): Promise<Predicted> {
  const { model } = await bank.models.get(modelId);
  if (model === undefined) throw new SottoError('internal', 'the bank has no half of the model');
  const spec = predictSpec(model, bank.party, {
    dataset: 'applicants',
    peerDataset: 'applicants',
  });
  const started = performance.now();
  const submitted = await bank.submit(spec, randomUUID());
  const job = await settled(submitted.id);
  const seconds = (performance.now() - started) / 1000;
  const scores = await bank.artifact(job.id, SCORES_FILE);
  await writeFile(join(folder, SCORES_FILE), scores, { mode: 0o600 });
  const lines = new TextDecoder().decode(scores).trimEnd().split('\n').length;
  const traffic = job.progress;
  return {
    rows: lines - 1, // the first is the header
    seconds,
    bytes: Number((traffic?.bytesSent ?? 0n) + (traffic?.bytesReceived ?? 0n)),
  };
}
