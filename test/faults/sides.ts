/** Two workers in processes of their own that may die at any time: whoever died is followed by a spare. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonValue } from '@bufbuild/protobuf';
import { toHex } from '../../src/base/bytes.ts';
import { freePorts } from '../../src/cli/demo/processes.ts';
import { initKeys } from '../../src/rpc/keys.ts';
import { lendingTables } from '../support/lending.ts';
import { seededRandom } from '../support/random.ts';
import type { Ended, OpenRequest, Party, Request } from './worker.ts';

export const PARTIES: readonly Party[] = ['bank', 'telco'];

/** One process, and what is asked of it. */
export class Side {
  readonly child: ChildProcess;
  readonly loaded: Promise<unknown>;
  /** The exit code; null for a process that was killed. */
  readonly gone: Promise<number | null>;
  readonly #calls = new Map<number, (value: unknown) => void>();
  #call = 0;
  /** Called when the process says that it has reached its point. */
  onReached: () => void = () => {};

  constructor(folder: string, party: Party, port: number) {
    const program = join(import.meta.dirname, 'worker.ts');
    this.child = fork(program, [folder, party, String(port)], {
      execPath: process.execPath,
      // Half of what it takes to load a worker is to compile it.
      env: { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') },
    });
    this.loaded = once(this.child, 'message');
    this.gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.on('message', (message: Answer) => {
      if (message.event === 'reached') this.onReached();
      if (message.error !== undefined) console.error(message.error);
      this.#calls.get(message.call ?? -1)?.(message.value);
    });
  }

  /** The answer; undefined if the process has ended before it came. */
  async ask<T>(request: Request): Promise<T | undefined> {
    const call = this.#call++;
    const answer = new Promise<T>((resolve) => {
      this.#calls.set(call, (value) => resolve(value as T));
    });
    if (this.child.connected) this.child.send({ call, ...request }, () => {});
    return await Promise.race([answer, this.gone.then(() => undefined)]);
  }

  async end(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
    await this.gone;
  }
}

interface Answer {
  readonly event?: string;
  readonly call?: number;
  readonly value?: unknown;
  readonly error?: string;
}

export interface Run {
  readonly spec: JsonValue;
  /** Of the agreement's coins. */
  readonly seed: string;
  readonly proposer: Party;
  readonly open: Readonly<Record<Party, OpenRequest>>;
  /** Which files each party is asked for in the end. */
  readonly files: readonly string[];
  /** Called with the side at whose point something is to be done. */
  readonly atPoint?: (side: Side) => void;
}

export interface Outcome {
  readonly ends: Readonly<Record<Party, Ended>>;
  /** How the processes ended that did: exit codes, null for a kill. */
  readonly exits: readonly (number | null)[];
}

/** Keys and tables, of which any number of pairs of workers have states of their own. */
export class Site implements Disposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async open(): Promise<Site> {
    const folder = mkdtempSync(join(tmpdir(), 'sotto-faults-'));
    for (const party of PARTIES) await initKeys(party, join(folder, 'keys'));
    for (const [name, text] of Object.entries(lendingTables())) {
      writeFileSync(join(folder, name), text);
    }
    return new Site(folder);
  }

  async sides(): Promise<Sides> {
    const [port = 0] = await freePorts(1);
    return new Sides(this.folder, port);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export class Sides implements AsyncDisposable {
  readonly #folder: string;
  readonly #port: number;
  readonly #current = new Map<Party, Side>();
  readonly #spares = new Map<Party, Side>();
  /** Runs that were given up. */
  #restarts = 0;

  constructor(folder: string, port: number) {
    this.#folder = folder;
    this.#port = port;
  }

  /** One job from its submission to its end at both parties. */
  async run(run: Run): Promise<Outcome> {
    const exits: (number | null)[] = [];
    for (const party of PARTIES) {
      const side = await this.#side(party);
      side.onReached = () => run.atPoint?.(side);
      await side.ask(run.open[party]);
    }
    const proposer = await this.#side(run.proposer);
    await proposer.ask({ verb: 'submit', spec: run.spec, seed: run.seed });
    const [bank, telco] = await Promise.all(
      PARTIES.map((party) => this.#follow(party, run, exits)),
    );
    return { ends: { bank: bank!, telco: telco! }, exits };
  }

  async #follow(party: Party, run: Run, exits: (number | null)[]): Promise<Ended> {
    const id = toHex(seededRandom(run.seed).bytes(10)); // the first coins of an agreement
    const restarts = this.#restarts;
    for (;;) {
      const side = await this.#side(party);
      const ended = await side.ask<Ended>({ verb: 'wait', id, files: run.files });
      if (ended !== undefined) return ended;
      exits.push(await side.gone);
      if (restarts !== this.#restarts) throw new Error('the run was given up');
      this.#current.delete(party);
      const { point: _none, ...again } = run.open[party];
      await (await this.#side(party)).ask(again);
    }
  }

  /** The process that is this party now; the next one is loaded meanwhile. */
  async #side(party: Party): Promise<Side> {
    const known = this.#current.get(party);
    if (known !== undefined) return known;
    const fresh = (): Side => new Side(this.#folder, party, this.#port);
    const side = this.#spares.get(party) ?? fresh();
    this.#current.set(party, side);
    this.#spares.set(party, fresh());
    await side.loaded;
    return side;
  }

  /** After a run that did not end: nobody is left of it. */
  async restart(): Promise<void> {
    this.#restarts += 1;
    await Promise.all([...this.#current.values()].map((side) => side.end()));
    this.#current.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#current.values(), ...this.#spares.values()];
    await Promise.all(all.map((side) => side.end()));
  }
}
