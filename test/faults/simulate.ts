/** One disturbed job in one process: a schedule of faults, and whether both parties came out of it right. */
import { asSottoError } from '../../src/base/errors.ts';
import { type Job, JobState } from '../../src/gen/sotto/job/v1/job_pb.ts';
import { errorOf, type Name, type Pair } from '../support/workers.ts';
import { Disturbance, type FrameEvent } from './disturbed.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';
import type { Verdict } from './verdict.ts';

/** A worker that ends and is started again on its state, at a frame. */
export interface RestartEvent {
  readonly at: number;
  readonly restart: Name;
}

export type Event = FrameEvent | RestartEvent;

export interface Simulated {
  readonly verdict: Verdict;
  /** What each party says, for a person. */
  readonly endings: Readonly<Record<Name, string>>;
}

const NAMES: readonly Name[] = ['bank', 'telco'];
const LONGEST_MS = 120_000;
const ENDS: readonly JobState[] = [JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED];
/** What a party says that never learnt the other's reason. */
const UNTOLD: readonly (string | undefined)[] = [
  'peer-unavailable',
  'deadline-exceeded',
  'cancelled',
];

export interface Undisturbed {
  readonly frames: number;
  readonly recorded: readonly Uint8Array[];
  readonly essence: Readonly<Record<Name, string>>;
}

const undisturbed = new Map<string, Promise<Undisturbed>>();

/** The outcome without any fault, and how many frames it takes. */
export function undisturbedRun(protocol: string): Promise<Undisturbed> {
  const known = undisturbed.get(protocol) ?? runUndisturbed(SCENARIOS[protocol]!);
  undisturbed.set(protocol, known);
  return known;
}

async function runUndisturbed(scenario: Scenario): Promise<Undisturbed> {
  await using pair = await scenario.open();
  const spec = await scenario.spec(pair);
  const disturbance = new Disturbance([]);
  pair.network.wrap = (transport) => disturbance.wrap(transport);
  const { id } = await pair.bank.submit(spec, '', 'ada');
  const essence = { bank: '', telco: '' };
  // Both first: what a party came to may be held against what the other did.
  const jobs = await Promise.all(NAMES.map((name) => endOf(pair, name, id)));
  for (const [i, name] of NAMES.entries()) {
    const job = jobs[i];
    if (job?.state !== JobState.SUCCEEDED)
      throw new Error(`undisturbed: ${JSON.stringify(job && errorOf(job))}`);
    essence[name] = JSON.stringify(await scenario.essence(pair, name, job));
  }
  return { frames: disturbance.recorded.length, recorded: disturbance.recorded, essence };
}

/** Runs the job under the schedule to its end at both parties, or until it counts as hung. */
export async function simulate(protocol: string, schedule: readonly Event[]): Promise<Simulated> {
  const scenario = SCENARIOS[protocol]!;
  const expected = await undisturbedRun(protocol);
  await using pair = await scenario.open();
  const restarts = schedule.filter((event) => 'restart' in event);
  let restarting: Promise<void> = Promise.resolve();
  const disturbance = new Disturbance(
    schedule.filter((event) => 'fault' in event),
    (frame) => {
      for (const { at, restart } of restarts) {
        if (at === frame) restarting = restarting.then(() => startAgain(pair, restart));
      }
    },
    expected.recorded,
  );
  pair.network.wrap = (transport) => disturbance.wrap(transport);
  return await runToEnd(pair, {
    scenario,
    expected,
    settled: () => restarting,
    damagedBothWays: () => disturbance.damaged.size === 2,
  });
}

/** Runs a job of an open pair to its end at both parties, whatever is done to it meanwhile, and judges that. */
export async function runToEnd(
  pair: Pair,
  {
    scenario,
    expected,
    settled = async () => {},
    lostAfterTheEnd = false,
    damagedBothWays = () => false,
  }: {
    readonly scenario: Scenario;
    readonly expected: Undisturbed;
    /** Waited for before anything is looked at. */
    readonly settled?: () => Promise<void>;
    /** A party lost what it had kept when the other may have been sure: it is told, and nothing can give it the result. */
    readonly lostAfterTheEnd?: boolean;
    /** Each party found damage of its own, and what it said of that may have been damaged too: they may name two. */
    readonly damagedBothWays?: () => boolean;
  },
): Promise<Simulated> {
  const { id } = await pair.bank.submit(await scenario.spec(pair), '', 'ada');
  const deadline = AbortSignal.timeout(LONGEST_MS);
  const jobs = await Promise.all(NAMES.map((name) => endOf(pair, name, id, deadline)));
  await settled();
  const [bank, telco] = jobs as [Job | undefined, Job | undefined];
  const endings = { bank: told(bank), telco: told(telco) };
  if (deadline.aborted) return { verdict: 'hung', endings };
  if (lostAfterTheEnd && isToldOfLoss([bank, telco])) return { verdict: 'sameAbort', endings };
  const mayDiffer = damagedBothWays();
  return { verdict: await judge(pair, { scenario, expected, mayDiffer }, [bank, telco]), endings };
}

const isToldOfLoss = (jobs: readonly (Job | undefined)[]): boolean =>
  jobs.some((job) => job?.state === JobState.SUCCEEDED) &&
  jobs.some((job) => job?.error?.code === 'rollback-detected');

async function judge(
  pair: Pair,
  {
    scenario,
    expected,
    mayDiffer,
  }: {
    readonly scenario: Scenario;
    readonly expected: Undisturbed;
    readonly mayDiffer: boolean;
  },
  jobs: readonly [Job | undefined, Job | undefined],
): Promise<Verdict> {
  if (scenario.mostDebits !== undefined && (await debits(pair)) > scenario.mostDebits)
    return 'wrong';
  const succeeded = jobs.filter((job) => job?.state === JobState.SUCCEEDED).length;
  if (succeeded === 1) return 'wrong';
  if (succeeded === 0) {
    const [one, other] = jobs.map((job) => job?.error?.code);
    const told = one === other || UNTOLD.includes(one) || UNTOLD.includes(other);
    // A proposal that never arrived left nothing at the peer.
    return told || mayDiffer || jobs.includes(undefined) ? 'sameAbort' : 'wrong';
  }
  for (const [i, name] of NAMES.entries()) {
    const essence = JSON.stringify(await scenario.essence(pair, name, jobs[i]!));
    if (essence !== expected.essence[name]) return 'wrong';
  }
  return 'same';
}

/** Of the party that debited more. */
async function debits(pair: Pair): Promise<number> {
  const exposures = await Promise.all(NAMES.map((name) => pair.workers.get(name)!.exposures()));
  const each = exposures.map((all) => all.reduce((sum, { releases }) => sum + releases, 0));
  return Math.max(...each);
}

async function startAgain(pair: Pair, name: Name): Promise<void> {
  await pair.stop(name);
  await pair.start(name);
}

const NAME_OF = new Map<number, string>(Object.entries(JobState).map(([name, n]) => [n, name]));
const told = (job: Job | undefined): string =>
  job === undefined
    ? 'never heard of it'
    : `${NAME_OF.get(job.state)} ${job.error?.code ?? ''}`.trim();

/** The job once it has ended, over restarts; undefined where there never was one. */
async function endOf(
  pair: Pair,
  name: Name,
  id: string,
  deadline = AbortSignal.timeout(LONGEST_MS),
): Promise<Job | undefined> {
  let last: Job | undefined;
  while (!deadline.aborted) {
    try {
      const worker = pair.workers.get(name);
      for await (const job of worker?.watch(id, deadline) ?? []) {
        last = job;
        if (ENDS.includes(job.state)) return job;
      }
    } catch (thrown) {
      if (asSottoError(thrown).code === 'not-found' && name === 'telco') {
        const other = await pair.workers.get('bank')?.get(id);
        if (other !== undefined && ENDS.includes(other.state)) return undefined;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return last;
}
