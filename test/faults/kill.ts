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
import { type Case, type Fault, PASSES, type Protocol } from './cases.ts';
import { type Outcome, PARTIES, type Side, type Sides, Site } from './sides.ts';
import { type Judged, judge } from './verdict.ts';
import type { OpenRequest, Party } from './worker.ts';

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
        epsilon: 10, // the most
      },
    },
  },
};

export interface Result extends Judged {
  /** Processes at which the fault came about. */
  readonly hits: number;
}

type Disturbed = Outcome & { readonly hits: number };

const HUNG_MS = 240_000;
/** A worker that is told to end has so long. */
const STOP_MS = 15_000;
const STOPPED_MS = 700;
const FILES = [
  'aligned.csv',
  'counts.csv',
  'deliver.csv',
  'measure.csv',
  'scores.csv',
  'selected.csv',
  'withheld.csv',
];

/** Runs cases, as many at a time as there are pairs of sides. */
export class Killing implements AsyncDisposable {
  readonly #site: Site;
  readonly #free: Sides[];
  readonly #waiting: ((sides: Sides) => void)[] = [];
  readonly #references = new Map<Protocol, Promise<Outcome>>();
  #runs = 0;
  /** A state folder of each party with a trained model, and the model's id. */
  #trained: Promise<{ readonly folder: string; readonly modelId: string }> | undefined;

  private constructor(site: Site, lanes: readonly Sides[]) {
    this.#site = site;
    this.#free = [...lanes];
  }

  static async open({ lanes }: { readonly lanes: number }): Promise<Killing> {
    const site = await Site.open();
    return new Killing(site, await Promise.all(Array.from({ length: lanes }, () => site.sides())));
  }

  async run(one: Case): Promise<Result> {
    const reference = await this.#reference(one.protocol);
    return await this.#withSides(async (sides) => {
      const over = new AbortController();
      const late = setTimeout(HUNG_MS, undefined, over).catch(() => undefined);
      const ended = this.#perform(sides, one.protocol, one);
      const outcome = await Promise.race([ended, late]);
      over.abort();
      if (outcome !== undefined) {
        return { ...judge(one, outcome, reference), hits: outcome.hits };
      }
      ended.catch(() => {});
      await sides.restart();
      return { verdict: 'hung', hits: 0, reason: 'did not end' };
    });
  }

  async #withSides<T>(work: (sides: Sides) => Promise<T>): Promise<T> {
    const waited = new Promise<Sides>((resolve) => this.#waiting.push(resolve));
    this.#serve();
    const sides = await waited;
    try {
      return await work(sides);
    } finally {
      this.#free.push(sides);
      this.#serve();
    }
  }

  #serve(): void {
    if (this.#free.length > 0 && this.#waiting.length > 0)
      this.#waiting.shift()!(this.#free.pop()!);
  }

  /** The undisturbed run. */
  #reference(protocol: Protocol): Promise<Outcome> {
    const known = this.#references.get(protocol);
    if (known !== undefined) return known;
    const run = this.#undisturbed(protocol);
    this.#references.set(protocol, run);
    return run;
  }

  async #undisturbed(protocol: Protocol): Promise<Outcome> {
    if (protocol === 'predict') this.#trained = this.#train();
    await this.#trained;
    const outcome = await this.#withSides((sides) => this.#perform(sides, protocol));
    if (!PARTIES.every((party) => outcome.ends[party].succeeded)) {
      throw new Error(`fails undisturbed: ${JSON.stringify(outcome.ends)}`);
    }
    return outcome;
  }

  async #perform(sides: Sides, protocol: Protocol, one?: Case): Promise<Disturbed> {
    const folder = join(this.#site.folder, `run-${this.#runs++}`);
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
    const outcome = await sides.run({
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
    const trained = await this.#trained!;
    for (const party of PARTIES) {
      cpSync(join(trained.folder, party), join(folder, party), { recursive: true });
    }
    const value = { modelId: trained.modelId };
    return json(alignSpec({ purpose: 'scoring', protocol: { case: 'predict', value } }));
  }

  #train() {
    return this.#withSides(async (sides) => {
      const folder = join(this.#site.folder, `run-${this.#runs}`);
      const { ends } = await this.#perform(sides, 'train');
      const { id } = JSON.parse(ends.bank.half) as { id: string };
      await sides.restart(); // so that the state is nobody's while it is copied
      return { folder, modelId: id };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#free.map((sides) => sides[Symbol.asyncDispose]()));
    this.#site[Symbol.dispose]();
  }
}

const json = (spec: JobSpec): JsonValue => toJson(JobSpecSchema, spec);

function disturb({ child }: Side, fault: Fault): void {
  child.kill(fault);
  if (fault === 'SIGSTOP') void setTimeout(STOPPED_MS).then(() => child.kill('SIGCONT'));
  if (fault === 'SIGTERM') void setTimeout(STOP_MS).then(() => child.kill('SIGKILL'));
}
