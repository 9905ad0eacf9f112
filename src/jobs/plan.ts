/** What a job would cost and disclose: from public sizes and measured unit costs, without starting anything. */
import { create, type JsonObject } from '@bufbuild/protobuf';
import type { JobSpec, TrainSpec } from '../gen/sotto/job/v1/agreement_pb.ts';
import { type PlanJobResponse, PlanJobResponseSchema } from '../gen/sotto/job/v1/job_pb.ts';
import { chooseParameters } from '../protocols/vertical-lr/parameters.ts';
import { minRowsOf } from './agreement.ts';
import type { Workshop } from './attempt.ts';
import { disclosuresOf } from './disclosure.ts';
import { type Checked, checkOwn } from './submit.ts';

interface Estimate {
  /** Both directions. */
  readonly bytes: number;
  readonly seconds: number;
  readonly parameters: JsonObject;
  readonly warnings: readonly string[];
}

/** One hash to the group and two multiplications for each own row, and as many for the peer's, on one core. */
const ALIGN_SECONDS_PER_ROW = 0.0006;
/** A point each way and a fingerprint of 10 bytes for it, twice. */
const ALIGN_BYTES_PER_ROW = 2 * (32 + 10);
/** Ring arithmetic and encryption for a byte of the wire, on one core of each party. */
const TRAIN_SECONDS_PER_BYTE = 1 / 2e6;
/** A line of 100 Mbit/s. */
const NETWORK_SECONDS_PER_BYTE = 8 / 100e6;
const SCORE_BYTES_PER_ROW = 2;

/** @throws as submitting would. Estimates assume that the peer brings the same rows. */
export async function planJob(shop: Workshop, given: JobSpec): Promise<PlanJobResponse> {
  const checked = await checkOwn(shop, given);
  const { spec, dataset } = checked;
  const aligned = alignEstimate(dataset.rows, shop.options.compute.threads);
  const rest = protocolEstimate(shop, checked);
  return create(PlanJobResponseSchema, {
    spec,
    rows: BigInt(dataset.rows),
    estimatedBytes: BigInt(Math.ceil(aligned.bytes + rest.bytes)),
    estimatedSeconds: aligned.seconds + rest.seconds,
    parameters: { ...aligned.parameters, ...rest.parameters },
    disclosures: disclosuresOf(spec),
    warnings: [...rowWarnings(shop, checked), ...rest.warnings],
  });
}

function alignEstimate(rows: number, threads: number): Estimate {
  const bytes = rows * ALIGN_BYTES_PER_ROW;
  return {
    bytes,
    seconds: (rows * ALIGN_SECONDS_PER_ROW) / threads + bytes * NETWORK_SECONDS_PER_BYTE,
    parameters: { group: 'ristretto255' },
    warnings: [],
  };
}

function rowWarnings(shop: Workshop, { spec, dataset, role }: Checked): string[] {
  const warnings: string[] = [];
  const { maxRows } = shop.options.limits;
  if (dataset.rows > maxRows) {
    warnings.push(`the dataset has ${dataset.rows} rows, more than the limit of ${maxRows}`);
  }
  const least = minRowsOf(spec);
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

function protocolEstimate(shop: Workshop, { spec, dataset }: Checked): Estimate {
  const { protocol } = spec;
  if (protocol.case === 'train') return trainEstimate(shop, spec, protocol.value, dataset.rows);
  const bytes = protocol.case === 'predict' ? dataset.rows * SCORE_BYTES_PER_ROW : 0;
  return { bytes, seconds: bytes * NETWORK_SECONDS_PER_BYTE, parameters: {}, warnings: [] };
}

/** The widths of one-hot groups are not known before: a column counts as one feature and its indicator. */
function trainEstimate(
  shop: Workshop,
  spec: JobSpec,
  { passes, harmonics, heldOutFraction }: TrainSpec,
  rows: number,
): Estimate {
  const chosen = chooseParameters({
    rows: Math.round(Math.max(minRowsOf(spec), rows) * (1 - heldOutFraction)),
    dActive: 2 * spec.active!.columns.length,
    dPassive: 2 * spec.passive!.columns.length,
    passes,
    harmonics,
  });
  const bytes = chosen.bytes.total;
  const { threads } = shop.options.compute;
  return {
    bytes,
    seconds: bytes * (TRAIN_SECONDS_PER_BYTE / threads + NETWORK_SECONDS_PER_BYTE),
    parameters: {
      'ring degree': 4096,
      'log2 q': Math.round(10 * chosen.ring.primes.reduce((sum, p) => sum + Math.log2(p), 0)) / 10,
      passes,
      harmonics,
    },
    warnings: chosen.warnings,
  };
}
