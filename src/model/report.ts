/**
 * What the label side reports of a training: every number that is shown anywhere, as plain JSON.
 */
import { z } from 'zod';
import { SottoError } from '../base/errors.ts';
import type { Metrics } from './metrics.ts';

const REPORT_VERSION = 1;

/**
 * A stretch of the job: how long, and what crossed the wire, headers included, seen from the
 * active party.
 */
export interface ReportPhase {
  /** e.g. "align", "train". */
  readonly name: string;
  readonly seconds: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** All numbers are of this job; metrics of all models are measured on the same held-out rows. */
export interface Report {
  readonly format: 'sotto-report';
  readonly version: typeof REPORT_VERSION;
  readonly jobId: string;
  readonly modelId: string;
  readonly purpose: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** Names as in the configurations. */
  readonly parties: { readonly active: string; readonly passive: string };
  /** What the model foretells: rows whose `column` is `positive`. */
  readonly label: { readonly column: string; readonly positive: string };
  readonly rows: {
    /** Rows of the active party's own table. */
    readonly active: number;
    readonly aligned: number;
    readonly train: number;
    readonly heldOut: number;
  };
  /** Columns as named in the agreement, and how many features they became. */
  readonly columns: { readonly active: readonly string[]; readonly passive: readonly string[] };
  readonly features: { readonly active: number; readonly passive: number };
  readonly metrics: {
    readonly joint: Metrics;
    /** Trained on the active party's columns alone. */
    readonly activeOnly?: Metrics;
    /**
     * Trained on both parties' columns in one place: only where one owner has both, as in a
     * demonstration.
     */
    readonly pooled?: Metrics;
  };
  readonly phases: readonly ReportPhase[];
  /** Who learns what, as agreed before any data moved. */
  readonly disclosures: readonly { readonly party: string; readonly learns: string }[];
  /** Effective parameters, e.g. { "ring degree": 4096, "log2 q": 54 }. */
  readonly parameters: Readonly<Record<string, number | string>>;
  readonly warnings: readonly string[];
}

/** Everything of a report that its job knows; format and version are added. */
export type ReportFacts = Omit<Report, 'format' | 'version'>;

const count = z.int().nonnegative();
const checked = z.object({
  createdAt: z.iso.datetime(),
  rows: z.object({ active: count, aligned: count, train: count, heldOut: count }),
  phases: z.array(
    z.object({
      seconds: z.number().nonnegative(),
      sentBytes: count,
      receivedBytes: count,
    }),
  ),
});

/**
 * A report of these facts. `internal` when a count or a time is impossible: a wrong report is
 * worse than none.
 */
export function reportOf(facts: ReportFacts): Report {
  const result = checked.safeParse(facts);
  if (!result.success) {
    const field = result.error.issues[0]!.path.join('.');
    throw new SottoError('internal', 'a report has an impossible value', { field });
  }
  const { joint, ...others } = facts.metrics;
  for (const [model, metrics] of Object.entries(others)) {
    if (metrics !== undefined && metrics.rows !== joint.rows) {
      throw new SottoError('internal', 'models are compared on different rows', {
        model,
        expected: joint.rows,
        received: metrics.rows,
      });
    }
  }
  return { format: 'sotto-report', version: REPORT_VERSION, ...facts };
}
