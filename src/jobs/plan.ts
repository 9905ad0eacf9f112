/** What a job would cost and disclose: from public sizes and measured unit costs, without starting anything. */
import { create } from '@bufbuild/protobuf';
import type { JobSpec } from '../gen/sotto/job/v1/agreement_pb.ts';
import { type PlanJobResponse, PlanJobResponseSchema } from '../gen/sotto/job/v1/job_pb.ts';
import type { Workshop } from './attempt.ts';
import { disclosuresOf } from './disclosure.ts';
import { type Checked, checkOwn } from './submit.ts';
import { termsOf } from './terms/index.ts';

/** @throws as submitting would. Estimates assume that the peer brings the same rows. */
export async function planJob(shop: Workshop, given: JobSpec): Promise<PlanJobResponse> {
  const checked = await checkOwn(shop, given);
  const { spec, dataset } = checked;
  const { threads } = shop.options.compute;
  const estimate = termsOf(spec).estimate(spec, { rows: dataset.rows, threads });
  return create(PlanJobResponseSchema, {
    spec,
    rows: BigInt(dataset.rows),
    estimatedBytes: BigInt(Math.ceil(estimate.bytes)),
    estimatedSeconds: estimate.seconds,
    parameters: estimate.parameters,
    disclosures: disclosuresOf(spec),
    warnings: [...rowWarnings(shop, checked), ...estimate.warnings],
  });
}

function rowWarnings(shop: Workshop, { spec, dataset, role }: Checked): string[] {
  const warnings: string[] = [];
  const { maxRows } = shop.options.limits;
  if (dataset.rows > maxRows) {
    warnings.push(`the dataset has ${dataset.rows} rows, more than the limit of ${maxRows}`);
  }
  const least = termsOf(spec).minRows(spec);
  if (dataset.rows < least) {
    warnings.push(`the dataset has ${dataset.rows} rows, fewer than the ${least} it takes`);
  }
  const { dataset: name, label } = spec[role]!;
  if (label !== undefined) {
    const left = shop.ledger.labelsLeft(name, label.column, dataset.rows);
    warnings.push(
      `at most ${left} more numbers that depend on the label '${label.column}' may be opened to the peer`,
    );
  }
  return warnings;
}
