/** A campaign in two tables: who was exposed in which cohort, and who converted with what value. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { MeasureSpecSchema } from '../../src/gen/sotto/job/v1/measure_pb.ts';
import { alignSpec, type SpecInit } from './jobs.ts';
import type { Pair } from './workers.ts';

export interface Campaign {
  readonly exposed: string;
  readonly converted: string;
  /** By cohort: people, converters, sum of their values. */
  readonly truth: Readonly<Record<string, readonly [people: number, count: number, sum: number]>>;
}

/** `people` in each cohort; the rate of treatments is twice that of the control. */
export function campaign(cohorts: readonly string[], people: number): Campaign {
  const exposed = ['id,cohort'];
  const converted = ['id,bought,spend'];
  const truth: Record<string, [number, number, number]> = {};
  for (const [g, cohort] of cohorts.entries()) {
    truth[cohort] = [people, 0, 0];
    for (let i = 0; i < people; i++) {
      exposed.push(`p${g}-${i},${cohort}`);
      if (i % (cohort === 'control' ? 4 : 2) !== 0) continue;
      const spend = (i % 40) + 0.5;
      converted.push(`p${g}-${i},yes,${spend}`);
      truth[cohort]![1] += 1;
      truth[cohort]![2] += spend;
    }
  }
  for (let i = 0; i < 50; i++)
    converted.push(`stranger ${i},yes,${i === 7 ? 900 : 9}`, `p0-${2 * i + 1},no,7`);
  return { exposed: exposed.join('\n'), converted: converted.join('\n'), truth };
}

export const measureJob = (
  change: MessageInitShape<typeof MeasureSpecSchema> = {},
  participants: SpecInit = {},
) =>
  alignSpec({
    active: {
      party: 'bank',
      dataset: 'loans',
      label: { column: 'bought', positive: 'yes' },
    },
    protocol: {
      case: 'measure',
      value: {
        cohortColumn: 'cohort',
        cohorts: [
          { name: 'control' },
          { name: 'letter', control: 'control' },
          { name: 'mail', control: 'control' },
        ],
        metrics: [{ column: 'spend', least: 0, most: 50, decimals: 2 }],
        epsilon: 10,
        ...change,
      },
    },
    ...participants,
  });

/** Epsilon that each party has debited its peer. */
export async function spent({ bank, telco }: Pair): Promise<number[]> {
  const of = async (worker: Pair['bank'], dataset: string): Promise<number> => {
    const exposure = (await worker.exposures()).find((each) => each.dataset === dataset)!;
    return exposure.budget!.epsilon - exposure.left!.epsilon;
  };
  return [await of(bank, 'loans'), await of(telco, 'calls')];
}
