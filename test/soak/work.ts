/** What a bank does all day: alignments, exclusions and tag queries, each with one right outcome. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { withOperator } from '../../src/cli/connection.ts';
import type { JobSpecSchema } from '../../src/gen/sotto/job/v1/agreement_pb.ts';
import { type Job, JobState } from '../../src/gen/sotto/job/v1/job_pb.ts';
import { alignSpec } from '../support/jobs.ts';
import { idOf } from '../support/tag-parts.ts';
import { isOver, jobWhen } from '../support/two-workers.ts';
import { MEMBERS, ROWS, type SoakSites } from './sites.ts';

export type Verdict = 'same' | 'sameAbort' | 'wrong' | 'hung';

/** One piece of work; no two of a kind are the same request. */
type Work = (sites: SoakSites, number: number) => Promise<Verdict>;

export const WORK: Readonly<Record<'align' | 'exclude' | 'tag query', Work>> = {
  align: (sites, number) =>
    ended(sites, number, { case: 'align', value: {} }, ({ rows }) => rows === COMMON),
  exclude: (sites, number) =>
    ended(
      sites,
      number,
      { case: 'exclude', value: { overlapDisclosed: true, maxCertainty: 0.999 } },
      ({ audience, overlap }) => audience === OWN && overlap === COMMON,
    ),
  'tag query': asked,
};

/** One in sixteen customers is the bank's alone, and one the company's. */
const COMMON = ROWS - ROWS / 8;
const OWN = ROWS - ROWS / 16;

async function ended(
  { sites: { bank } }: SoakSites,
  number: number,
  protocol: MessageInitShape<typeof JobSpecSchema>['protocol'] & object,
  isRight: (result: NonNullable<Job['result']>) => boolean,
): Promise<Verdict> {
  const spec = alignSpec({
    purpose: 'test',
    active: { party: 'bank', dataset: 'rows' },
    passive: { party: 'company', dataset: 'rows' },
    protocol,
    // Another request each time: the same one would be answered from the books.
    validForSeconds: 3_600 + number,
  });
  const { id } = await withOperator({ config: bank.config }, (operator) =>
    operator.submit(spec, ''),
  );
  const job = await jobWhen(bank, id, isOver).catch(() => undefined);
  if (job === undefined) return 'hung';
  if (job.state !== JobState.SUCCEEDED) return 'sameAbort';
  return isRight(job.result ?? {}) ? 'same' : 'wrong';
}

/** Longer than the sidecar tries by itself. */
const HANGS_AFTER_MS = 60_000;

interface Answer {
  readonly results?: readonly { readonly found: boolean; readonly tags: readonly object[] }[];
  readonly error?: { readonly code: string };
}

/** Of one member and one stranger. */
async function asked({ sidecar }: SoakSites, number: number): Promise<Verdict> {
  const member = number % MEMBERS;
  const response = await fetch(`http://${sidecar}/v1/lookup`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ datasetId: 'members', ids: [idOf(member), idOf(MEMBERS + number)] }),
    signal: AbortSignal.timeout(HANGS_AFTER_MS),
  }).catch(() => undefined);
  if (response === undefined) return 'hung';
  const { results, error } = (await response.json()) as Answer;
  if (error !== undefined) return 'sameAbort';
  const [hit, miss] = results ?? [];
  const tags = JSON.stringify(hit?.tags ?? []);
  return hit?.found === true && miss?.found === false && tags.includes(`"intValue":"${member}"`)
    ? 'same'
    : 'wrong';
}
