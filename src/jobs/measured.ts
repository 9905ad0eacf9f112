/** What a measurement leaves at each party: the signed result, and what it says as JSON, CSV and chart. */
import { createHash } from 'node:crypto';
import { type JsonObject, toJson } from '@bufbuild/protobuf';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import { toHex, utf8 } from '../base/bytes.ts';
import { type MeasureResult, MeasureResultSchema } from '../gen/sotto/job/v1/measure_pb.ts';
import { scaleOf, varianceOf } from '../math/discrete-laplace.ts';
import { type Measurement, measurementOf, measurementTable } from '../model/measurement.ts';
import { measurementSvg } from '../model/measurement-chart.ts';
import { csv } from './align.ts';
import { participant } from './fields.ts';
import { epsilonsOf, SQUARE_STEPS } from './measure-input.ts';
import type { JobContext, Outcome } from './role.ts';
import type { Settled } from './settlement.ts';
import { measureSpec, stepsOf } from './terms/measure.ts';

export async function measuredFiles(
  context: JobContext,
  result: MeasureResult,
  { bytes, signatures }: { readonly bytes: Uint8Array; readonly signatures: Settled },
): Promise<Outcome> {
  const { own, peer, agreement } = context;
  const measurement = describe(context, result);
  const { header, columns } = measurementTable(measurement);
  const signed = {
    format: 'sotto.result',
    agreementSha256: context.agreementSha256,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    bytes: Buffer.from(bytes).toString('base64'),
    signatures: { [own.party]: toHex(signatures.own), [peer]: toHex(signatures.peer) },
    result: toJson(MeasureResultSchema, result),
  };
  const text = (value: unknown) => utf8(`${JSON.stringify(value, undefined, 2)}\n`);
  const { epsilon, matchEpsilon, least } = measureSpec(agreement.spec!);
  return {
    result: {
      resultSha256: signed.sha256,
      cohorts: measurement.cohorts.map(({ name, exposed, converted, rate, metrics }) => ({
        name,
        ...(exposed === undefined ? {} : { exposed }),
        ...(converted === undefined ? {} : { converted }),
        ...(rate === undefined ? {} : { rate: rate.value }),
        sums: Object.fromEntries((metrics ?? []).map(({ metric, sum }) => [metric, sum])),
      })) as unknown as JsonObject[],
    },
    parameters: { group: 'ristretto255', 'ring degree': 4096, epsilon, matchEpsilon, least },
    artifacts: {
      'measure.json': text(measurement),
      'measure.csv': csv(header, columns),
      'measure.svg': utf8(await measurementSvg(measurement)),
      'result.json': text(signed),
    },
  };
}

/** The result in units of the metrics, with what follows from it. */
function describe({ agreement, agreementSha256 }: JobContext, result: MeasureResult): Measurement {
  const spec = agreement.spec!;
  const { metrics, cohorts, least, ...measure } = measureSpec(spec);
  const epsilons = epsilonsOf({ metrics, ...measure });
  // Both parties add a draw.
  const noise = (most: number, epsilon: number): number =>
    Math.sqrt(2 * varianceOf(scaleOf(most, epsilon)));
  const units = metrics.map((metric) => {
    const step = 10 ** -metric.decimals;
    return { step, square: (stepsOf(metric) * step) ** 2 / SQUARE_STEPS };
  });
  return measurementOf({
    jobId: agreement.jobId,
    agreementSha256,
    purpose: spec.purpose,
    createdAt: timestampDate(agreement.notBefore!).toISOString(),
    parties: {
      active: participant(spec, 'active').party,
      passive: participant(spec, 'passive').party,
    },
    least,
    metrics: metrics.map(({ column }) => column),
    noise: {
      count: noise(1, epsilons.count),
      sums: metrics.map((metric, m) => noise(stepsOf(metric), epsilons.sum) * units[m]!.step),
    },
    cohorts: result.cohorts.map(({ name, exposed, sums }, g) => ({
      name,
      control: cohorts[g]!.control,
      exposed,
      converted: sums.length === 0 ? undefined : Number(sums[0]),
      sums: units.flatMap(({ step, square }, m) =>
        sums.length === 0
          ? []
          : [{ sum: Number(sums[1 + 2 * m]) * step, squares: Number(sums[2 + 2 * m]) * square }],
      ),
    })),
  });
}
