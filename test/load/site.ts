/** A company in a process of its own that two banks may ask for tags, and their clients here: over mutual TLS. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { asSottoError } from '../../src/base/errors.ts';
import type { Compute } from '../../src/compute/compute.ts';
import { openPool } from '../../src/compute/pool.ts';
import { systemRandom } from '../../src/jobs/system.ts';
import { initKeys, readPrivate } from '../../src/rpc/keys.ts';
import { connectTags } from '../../src/rpc/tag-client.ts';
import { ReceiptStore } from '../../src/tags/audit.ts';
import { TagClient } from '../../src/tags/client.ts';
import { seal } from '../../src/tags/seal.ts';
import { sealOptions, TEST_VAULT } from '../support/tag-company.ts';
import { finish, idOf, members } from '../support/tag-parts.ts';

export type Bank = 'bank' | 'second';
export const BANKS: readonly Bank[] = ['bank', 'second'];

/** Keys of all, and the members' table sealed for both banks. */
export async function prepare(folder: string, rows: number): Promise<void> {
  const keys = join(folder, 'keys');
  for (const party of ['company', ...BANKS]) await initKeys(party, keys);
  writeFileSync(join(folder, 'members.csv'), members(rows));
  await using compute = openPool({ threads: 2 });
  const { signingKey } = await readPrivate(keys, 'company');
  const coins = { signingKey, compute, random: systemRandom };
  for (const tenant of BANKS) await finish(seal(sealOptions(folder, coins, { tenant })));
}

/** A bank's client with a mirror of the table, on a connection of its own. */
export async function openBank(folder: string, bank: Bank, address: string, compute: Compute) {
  const company = (await readPrivate(join(folder, 'keys'), 'company')).public;
  const keys = await readPrivate(join(folder, 'keys'), bank);
  const remote = connectTags({ address, server: company, keys });
  const receipts = ReceiptStore.open(join(folder, `receipts-${bank}`), systemRandom, TEST_VAULT);
  const client = await TagClient.open({
    remote,
    folder: join(folder, `mirror-${bank}`),
    datasetId: 'members',
    tenant: bank,
    signer: company.signingKey,
    purpose: 'marketing',
    policy: { minAnonymity: 'full', maxDownloadBytes: 2 ** 30, maxLatencyMs: HANGS_AFTER_MS },
    receipts,
    compute,
    random: systemRandom,
    sleep: (ms, signal) => setTimeout(ms, undefined, { signal }),
  });
  await finish(client.sync(new AbortController().signal));
  const close = async (): Promise<void> => {
    client[Symbol.dispose]();
    receipts[Symbol.dispose]();
    await remote[Symbol.asyncDispose]();
  };
  return { client, remote, [Symbol.asyncDispose]: close };
}

/** Who has no answer by then is told so by the client. */
export const HANGS_AFTER_MS = 120_000;

async function serving(folder: string, listen: string) {
  const process = fork(join(import.meta.dirname, 'company.ts'), [folder, listen]);
  const [address] = await once(process, 'message');
  return { process, address: String(address) };
}

/** The prepared company, in a process of its own. */
export class Company implements AsyncDisposable {
  readonly folder: string;
  readonly rows: number;
  readonly address: string;
  #process: ChildProcess;

  private constructor(folder: string, rows: number, process: ChildProcess, address: string) {
    this.folder = folder;
    this.rows = rows;
    this.#process = process;
    this.address = address;
  }

  static async open(rows: number): Promise<Company> {
    const folder = mkdtempSync(join(tmpdir(), 'sotto-load-'));
    await prepare(folder, rows);
    const { process, address } = await serving(folder, '127.0.0.1:0');
    return new Company(folder, rows, process, address);
  }

  async kill(): Promise<void> {
    const closed = once(this.#process, 'close');
    this.#process.kill('SIGKILL');
    await closed;
  }

  /** After `kill`, at the same address. */
  async serveAgain(): Promise<void> {
    this.#process = (await serving(this.folder, this.address)).process;
  }

  /** Used since its start. */
  async cpuMs(): Promise<number> {
    this.#process.send('cpu');
    const [ms] = await once(this.#process, 'message');
    return Number(ms);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { exitCode, signalCode } = this.#process;
    if (exitCode === null && signalCode === null) await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export interface Tally {
  readonly same: number;
  /** Failures whose name says that the company was not there. */
  readonly sameAbort: number;
  readonly wrong: number;
  readonly hung: number;
  /** Of each query. */
  readonly timesMs: readonly number[];
}

/** Queries of one id each, so many at a time; every second id is not in the table. */
export async function ask(
  client: TagClient,
  rows: number,
  { queries, atOnce }: { readonly queries: number; readonly atOnce: number },
): Promise<Tally> {
  const tally = { same: 0, sameAbort: 0, wrong: 0, hung: 0 };
  const timesMs: number[] = [];
  let next = 0;
  const { signal } = new AbortController();
  const one = async (): Promise<void> => {
    const i = (7 * next++) % (2 * rows);
    const since = performance.now();
    const outcome = await client.lookup(client.form([idOf(i)]), signal).then(
      ({ results }) => verdict(results[0], i, rows),
      (thrown: unknown) =>
        asSottoError(thrown).code === 'peer-unavailable' ? 'sameAbort' : 'hung',
    );
    timesMs.push(performance.now() - since);
    tally[outcome] += 1;
  };
  const caller = async (): Promise<void> => {
    while (next < queries) await one();
  };
  await Promise.all(Array.from({ length: atOnce }, caller));
  return { ...tally, timesMs };
}

type Found = Awaited<ReturnType<TagClient['lookup']>>['results'][number];

function verdict(result: Found | undefined, i: number, rows: number): 'same' | 'wrong' | 'hung' {
  if (result === undefined) return 'hung';
  if (result.found !== i < rows) return 'wrong';
  return !result.found || result.tags[0]?.value.value === BigInt(i) ? 'same' : 'wrong'; // the score
}
