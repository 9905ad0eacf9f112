/** A campaign's groups, and all that its page tells of it. */
import type { Job } from '../../gen/sotto/job/v1/job_pb.ts';
import type { Measurement } from '../../model/measurement.ts';
import type { Metrics } from '../../model/metrics.ts';
import { coin } from './campaign-people.ts';

export const TIERS = ['high', 'middle', 'low'] as const;
export type Tier = (typeof TIERS)[number];
/** Of each tier, who gets no offer. */
const CONTROL_SHARE = 0.4;
export const controlOf = (tier: Tier): string => `${tier}, no offer`;
export const treatedOf = (tier: Tier): string => `${tier}, offer`;

/** What the page tells. */
export interface CampaignOutcome {
  readonly parties: { readonly bank: string; readonly company: string };
  readonly sizes: { readonly clients: number; readonly audience: number; readonly holders: number };
  readonly train: { readonly modelId: string; readonly rows: number; readonly auc: number };
  readonly exclude: {
    readonly audience: number;
    readonly withheld: number;
    /** Known to the bank alone. */
    readonly holdersAmongThem: number;
  };
  readonly delivered: number;
  readonly measurement: Measurement;
  /** As only a demo can know it: people, buyers, spend of each cohort. */
  readonly truth: Readonly<Record<string, readonly [people: number, count: number, sum: number]>>;
  /** On those who were scored and did not hold the product: how well each model foretold who bought. */
  readonly retrain: {
    readonly modelId: string;
    readonly parentModelId: string;
    readonly before: Metrics;
    readonly auc: number;
    readonly rows: number;
  };
  readonly jobs: readonly {
    readonly step: string;
    readonly job: Job;
    readonly seconds: number;
  }[];
  readonly seconds: number;
  readonly html: string;
}

/** Whether the people of a cohort get the offer. */
export const isOffer = (cohort: string): boolean =>
  TIERS.some((tier) => cohort === treatedOf(tier));

/** Thirds of the scored that may be delivered to, each split by a coin into offer and none. */
export function drawCohorts(
  scores: readonly { readonly id: string; readonly probability: number }[],
  deliverable: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const ranked = scores
    .filter(({ id }) => deliverable.has(id))
    .toSorted((a, b) => b.probability - a.probability);
  return new Map(
    ranked.map(({ id }, rank) => {
      const tier = TIERS[Math.floor((TIERS.length * rank) / ranked.length)]!;
      return [id, coin(id, 'control') < CONTROL_SHARE ? controlOf(tier) : treatedOf(tier)];
    }),
  );
}

export function truthOf(
  cohortOf: ReadonlyMap<string, string>,
  bought: ReadonlyMap<string, number>,
): CampaignOutcome['truth'] {
  const truth: Record<string, [number, number, number]> = {};
  for (const [id, cohort] of cohortOf) {
    truth[cohort] ??= [0, 0, 0];
    const found = truth[cohort];
    found[0] += 1;
    found[1] += bought.has(id) ? 1 : 0;
    found[2] += bought.get(id) ?? 0;
  }
  return truth;
}
