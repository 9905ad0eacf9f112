/**
 * Goal: a job that is killed, stopped or ended at any step goes on by itself and gives the result that it gives
 * undisturbed. Method: real processes over mutual TLS, real SIGKILL, SIGTERM and SIGSTOP at points around each step,
 * at either party or both; and a disk that forgets what was not synced.
 */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type JsonValue, toJson } from '@bufbuild/protobuf';
import { type JobSpec, JobSpecSchema } from '../../src/gen/sotto/job/v1/agreement_pb.ts';
import { alignSpec, type SpecInit, trainSpec } from '../support/jobs.ts';
import { MOMENTS, type Moment } from './injected.ts';
import { type Outcome, PARTIES, type Side, Sides } from './sides.ts';
import type { Ended, OpenRequest, Party } from './worker.ts';

/** Jobs that are one step. */
const SETS: Readonly<Record<'exclude' | 'select' | 'count' | 'measure', SpecInit>> = {
  // Nobody is held out, and counts have no noise: what is drawn anew would differ from run to run.
  exclude: { protocol: { case: 'exclude', value: { overlapDisclosed: true } } },
  select: {
    protocol: { case: 'select', value: {} },
    passive: {
      party: 'telco',
      dataset: 'calls',
      where: 'minutes > 0',
      columns: [{ name: 'region' }],
    },
  },
  count: { protocol: { case: 'count', value: { exact: true } } },
  measure: {
    active: { party: 'bank', dataset: 'loans', label: { column: 'bad', positive: '1' } },
    protocol: {
      case: 'measure',
      value: {
        cohortColumn: 'region',
        cohorts: ['north', 'south', 'west'].map((name) => ({ name })),
        epsilon: 10, // noise is zero but in one run of a thousand
      },
    },
  },
};

export const PROTOCOLS = [
  'align',
  'exclude',
  'select',
  'count',
  'measure',
  'predict',
  'train',
  'train encrypted',
] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** A training is aligned, set up, passes, keeps all of them, opens, scores, and is finished. */
export const PASSES = 5;
export const STEPS: Readonly<Record<Protocol, number>> = {
  align: 2,
  exclude: 2,
  select: 2,
  count: 2,
  measure: 2,
  predict: 3,
  train: PASSES + 6,
  'train encrypted': PASSES + 6,
};

export const FAULTS = ['SIGKILL', 'SIGTERM', 'SIGSTOP'] as const;
export type Fault = (typeof FAULTS)[number];

export interface Case {
  readonly fault: Fault;
  readonly protocol: Protocol;
  readonly moment: Moment;
  readonly step: number;
  readonly sides: readonly Party[];
  readonly proposer: Party;
}

export type Verdict = 'same' | 'sameAbort' | 'wrong' | 'hung';

export interface Result {
  readonly verdict: Verdict;
  /** Processes at which the fault came about. */
  readonly hits: number;
  /** What was wrong, in words. */
  readonly reason: string;
}

const HUNG_MS = 240_000;
/** A worker that is told to end has so long. */
const STOP_MS = 15_000;
const STOPPED_MS = 700;
/** Replies are rounded, and keys err: weights of other coins differ by their noise. */
const WEIGHT_NOISE = 0.05;
const FILES = [
  'aligned.csv',
  'counts.csv',
  'deliver.csv',
  'measure.csv',
  'scores.csv',
  'selected.csv',
  'withheld.csv',
];

const SIDES: readonly (readonly Party[])[] = [['bank'], ['telco'], PARTIES];

/** Every point of a protocol under a fault, the proposer by turns. */
export function casesOf(fault: Fault, protocol: Protocol): Case[] {
  const last = STEPS[protocol];
  const cases: Case[] = [];
  for (let step = 1; step <= last; step++) {
    for (const moment of MOMENTS) {
      for (const sides of SIDES) {
        const proposer = PARTIES[(step + cases.length) % 2]!;
        const one = { fault, protocol, moment, step, sides, proposer };
        if (step < last || isReached(one)) cases.push(one);
      }
    }
  }
  return cases;
}

/** Behind the last step there is one word left, which the responder says. */
function isReached({ moment, sides, proposer }: Case): boolean {
  if (moment === 'after send') return sides.length === 1 && sides[0] !== proposer;
  return moment !== 'after ack';
}

export class Killing implements AsyncDisposable {
  readonly #sides: Sides;
  readonly #references = new Map<Protocol, Outcome>();
  #runs = 0;
  /** A state folder of each party with a trained model, and the model's id. */
  #trained: { readonly folder: string; readonly modelId: string } | undefined;

  private constructor(sides: Sides) {
    this.#sides = sides;
  }

  static async open(): Promise<Killing> {
    return new Killing(await Sides.open());
  }

  async run(one: Case): Promise<Result> {
    const reference = await this.#reference(one.protocol);
    const hung = new AbortController();
    const late = setTimeout(HUNG_MS, undefined, { signal: hung.signal }).catch(() => undefined);
    const ended = this.#perform(one.protocol, one);
    const outcome = await Promise.race([ended, late]);
    hung.abort();
    if (outcome === undefined) {
      ended.catch(() => {});
      await this.#sides.restart();
      return { verdict: 'hung', hits: 0, reason: 'did not end' };
    }
    return { ...judged(one.fault, outcome, reference), hits: outcome.hits };
  }

  /** The undisturbed run. */
  async #reference(protocol: Protocol): Promise<Outcome> {
    const known = this.#references.get(protocol);
    if (known !== undefined) return known;
    const outcome = await this.#perform(protocol, undefined);
    if (!PARTIES.every((party) => outcome.ends[party].succeeded)) {
      throw new Error(`fails undisturbed: ${JSON.stringify(outcome.ends)}`);
    }
    this.#references.set(protocol, outcome);
    return outcome;
  }

  async #perform(
    protocol: Protocol,
    one: Case | undefined,
  ): Promise<Outcome & { readonly hits: number }> {
    const folder = join(this.#sides.folder, `run-${this.#runs++}`);
    const spec = await this.#spec(protocol, folder);
    let hits = 0;
    const open = (party: Party): OpenRequest => ({
      verb: 'open',
      stateDir: join(folder, party),
      encrypted: protocol === 'train encrypted' || protocol === 'measure',
      ...(one?.sides.includes(party)
        ? { point: { moment: one.moment, step: one.step }, dies: one.fault === 'SIGKILL' }
        : {}),
    });
    const outcome = await this.#sides.run({
      spec,
      seed: protocol,
      proposer: one?.proposer ?? 'bank',
      open: { bank: open('bank'), telco: open('telco') },
      files: FILES,
      atPoint: (side) => {
        hits += 1;
        disturb(side, one!.fault);
      },
    });
    return { ...outcome, hits: one?.fault === 'SIGKILL' ? outcome.exits.length : hits };
  }

  async #spec(protocol: Protocol, folder: string): Promise<JsonValue> {
    if (protocol === 'align') return json(alignSpec());
    if (protocol in SETS) return json(alignSpec(SETS[protocol as keyof typeof SETS]));
    if (protocol !== 'predict') {
      return json(trainSpec({ protocol: { case: 'train', value: { passes: PASSES } } }));
    }
    this.#trained ??= await this.#train();
    for (const party of PARTIES) {
      cpSync(join(this.#trained.folder, party), join(folder, party), { recursive: true });
    }
    const value = { modelId: this.#trained.modelId };
    return json(alignSpec({ purpose: 'scoring', protocol: { case: 'predict', value } }));
  }

  async #train() {
    const folder = join(this.#sides.folder, `run-${this.#runs}`);
    const { ends } = await this.#perform('train', undefined);
    const { id } = JSON.parse(ends.bank.half) as { id: string };
    await this.#sides.restart(); // so that the state is nobody's while it is copied
    return { folder, modelId: id };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#sides[Symbol.asyncDispose]();
  }
}

const json = (spec: JobSpec): JsonValue => toJson(JobSpecSchema, spec);

function disturb({ child }: Side, fault: Fault): void {
  child.kill(fault);
  if (fault === 'SIGSTOP') void setTimeout(STOPPED_MS).then(() => child.kill('SIGCONT'));
  if (fault === 'SIGTERM') void setTimeout(STOP_MS).then(() => child.kill('SIGKILL'));
}

function judged(fault: Fault, outcome: Outcome, reference: Outcome): Omit<Result, 'hits'> {
  const { bank, telco } = outcome.ends;
  if (fault === 'SIGTERM' && outcome.exits.some((code) => code !== 0)) {
    return { verdict: 'wrong', reason: 'a worker did not end in order' };
  }
  if (!bank.succeeded && !telco.succeeded) {
    const same = bank.code === telco.code && bank.code !== 'internal';
    return { verdict: same ? 'sameAbort' : 'wrong', reason: `${bank.code}, ${telco.code}` };
  }
  if (!(bank.succeeded && telco.succeeded)) {
    return { verdict: 'wrong', reason: `one party alone: '${bank.code}', '${telco.code}'` };
  }
  const reason = PARTIES.map((party) =>
    difference(outcome.ends[party], reference.ends[party]),
  ).find((found) => found !== '');
  return reason === undefined ? { verdict: 'same', reason: '' } : { verdict: 'wrong', reason };
}

/** Ids and scores are equal, whatever their order; weights up to noise; no other model is left behind. */
function difference(found: Ended, expected: Ended): string {
  const sorted = (files: readonly string[]) => files.map((text) => text.split('\n').toSorted());
  if (JSON.stringify(sorted(found.files)) !== JSON.stringify(sorted(expected.files))) {
    return 'other files';
  }
  if (found.models !== expected.models) return 'another number of models';
  const weights = (half: string) => (half === '' ? [] : weightsOf(half));
  const [own, other] = [weights(found.half), weights(expected.half)];
  const off = Math.max(0, ...own.map((weight, i) => Math.abs(weight - other[i]!)));
  if (own.length !== other.length || !(off <= WEIGHT_NOISE)) return `weights off by ${off}`;
  return '';
}

function weightsOf(half: string): number[] {
  const { weights, intercept } = JSON.parse(half) as {
    weights: { whitened: number[] };
    intercept: number;
  };
  return [...weights.whitened, intercept];
}
