/**
 * Goal: an answer never exists without its debit, and a retry is never charged twice, whenever the company's
 * process is killed. Method: real processes over mutual TLS; each look-up has its server killed by SIGKILL between
 * debit and answer, and another started in its place, which gets the identical bytes again. Of every eighth
 * look-up the bank gives up instead.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { toBinary } from '@bufbuild/protobuf';
import { freePorts } from '../../src/cli/demo/processes.ts';
import { inlineCompute } from '../../src/compute/inline.ts';
import { QueryRequestSchema, QueryResponseSchema } from '../../src/gen/sotto/tag/v1/tag_pb.ts';
import { systemRandom } from '../../src/jobs/system.ts';
import { initKeys, readPrivate } from '../../src/rpc/keys.ts';
import { connectTags } from '../../src/rpc/tag-client.ts';
import { ReceiptStore } from '../../src/tags/audit.ts';
import { TagClient } from '../../src/tags/client.ts';
import type { TagRemote } from '../../src/tags/remote.ts';
import { seal } from '../../src/tags/seal.ts';
import { debitsIn } from '../support/debits.ts';
import { sealOptions, TEST_VAULT } from '../support/tag-company.ts';
import { finish, idOf, members } from '../support/tag-parts.ts';

export interface Tally {
  /** Servers killed between debit and answer. */
  readonly kills: number;
  /** Ids answered, and ids debited. */
  readonly answers: number;
  readonly debits: number;
  /** Debits beyond one for each request. */
  readonly doubleCharges: number;
  /** Bytes of request and answer of one id that is in the table, and of one that is not. */
  readonly hitBytes: number;
  readonly missBytes: number;
}

const ROWS = 32;
const GIVES_UP_EVERY = 8;

export async function killTagQuery(times: number): Promise<Tally> {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-kill-'));
  try {
    await prepare(folder);
    return await run(folder, times);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function prepare(folder: string): Promise<void> {
  await initKeys('company', join(folder, 'keys'));
  await initKeys('bank', join(folder, 'keys'));
  writeFileSync(join(folder, 'members.csv'), members(ROWS));
  const { signingKey } = await readPrivate(join(folder, 'keys'), 'company');
  const coins = { signingKey, compute: inlineCompute(), random: systemRandom };
  await finish(seal(sealOptions(folder, coins)));
}

async function run(folder: string, times: number): Promise<Tally> {
  const [port = 0] = await freePorts(1);
  const company = await readPrivate(join(folder, 'keys'), 'company');
  await using remote = connectTags({
    address: `127.0.0.1:${port}`,
    server: company.public,
    keys: await readPrivate(join(folder, 'keys'), 'bank'),
    limits: { backoffFirstMs: 5, backoffMostMs: 50, connectMs: 5_000 },
  });
  const meter = new Sizes(remote);
  using receipts = ReceiptStore.open(join(folder, 'receipts'), systemRandom, TEST_VAULT);
  using client = await TagClient.open({
    remote: meter,
    folder: join(folder, 'mirror'),
    datasetId: 'members',
    tenant: 'bank',
    signer: company.public.signingKey,
    purpose: 'marketing',
    policy: { minAnonymity: 'full', maxDownloadBytes: 1 << 24, maxLatencyMs: 60_000 },
    receipts,
    compute: inlineCompute(),
    random: systemRandom,
    sleep: (ms, signal) => setTimeout(Math.min(ms, 100), undefined, { signal }),
  });
  await using servers = new Servers(folder, port);
  await servers.next();
  await finish(client.sync(new AbortController().signal));
  let [kills, answers] = [0, 0];
  const sizes = { hit: new Set<number>(), miss: new Set<number>() };
  for (let turn = 0; turn < times; turn++) {
    const killed = await servers.arm(turn % 2 === 0 ? 'before' : 'after');
    const givesUp = turn % GIVES_UP_EVERY === GIVES_UP_EVERY - 1;
    const stop = new AbortController();
    const isHit = turn % 3 !== 0;
    const form = client.form([isHit ? idOf(turn % ROWS) : `999${turn}0000`]);
    const asked = client.lookup(form, stop.signal).then(
      ({ results }) => results[0],
      () => undefined,
    );
    await killed();
    kills += 1;
    if (givesUp) stop.abort();
    await servers.next();
    const result = await asked;
    if (result === undefined) {
      if (givesUp) continue;
      throw new Error('a look-up failed for good');
    }
    if (result.found !== isHit) throw new Error('a wrong answer');
    answers += 1;
    sizes[isHit ? 'hit' : 'miss'].add(meter.last);
  }
  await servers[Symbol.asyncDispose]();
  const { items, requests } = debitsIn(folder);
  const one = (set: Set<number>): number => (set.size === 1 ? [...set][0]! : Number.NaN);
  return {
    kills,
    answers,
    debits: items,
    doubleCharges: items - requests,
    hitBytes: one(sizes.hit),
    missBytes: one(sizes.miss),
  };
}

/** Notes how long request and answer of the last answered query were. */
class Sizes implements TagRemote {
  readonly #remote: TagRemote;
  last = 0;

  constructor(remote: TagRemote) {
    this.#remote = remote;
  }

  getManifest: TagRemote['getManifest'] = (request, signal) =>
    this.#remote.getManifest(request, signal);

  fetchBlob: TagRemote['fetchBlob'] = (request, signal) => this.#remote.fetchBlob(request, signal);

  transfer: TagRemote['transfer'] = (request, signal) => this.#remote.transfer(request, signal);

  query: TagRemote['query'] = async (request, signal) => {
    const response = await this.#remote.query(request, signal);
    this.last =
      toBinary(QueryRequestSchema, request).length + toBinary(QueryResponseSchema, response).length;
    return response;
  };
}

/** One server at a time, and the next already loaded, as most of a start is loading. */
class Servers implements AsyncDisposable {
  readonly #folder: string;
  readonly #port: number;
  #spare: { readonly child: ChildProcess; readonly loaded: Promise<unknown> };
  #current: ChildProcess | undefined;

  constructor(folder: string, port: number) {
    this.#folder = folder;
    this.#port = port;
    this.#spare = this.#fork();
  }

  #fork() {
    const program = join(import.meta.dirname, 'tag-server.ts');
    const child = fork(program, [this.#folder, String(this.#port)], { execPath: process.execPath });
    return { child, loaded: once(child, 'message') };
  }

  /** The spare serves from now on. */
  async next(): Promise<void> {
    const { child, loaded } = this.#spare;
    this.#spare = this.#fork();
    await loaded;
    child.send('serve');
    await once(child, 'message');
    this.#current = child;
  }

  /** The current server will be killed by its next evaluation; gives what waits for that. */
  async arm(moment: 'before' | 'after'): Promise<() => Promise<void>> {
    const child = this.#current!;
    const exited = once(child, 'exit');
    child.send(`die 1 ${moment}`);
    await once(child, 'message');
    return async () => {
      const [code, signal] = await exited;
      if (signal !== 'SIGKILL') throw new Error(`the server ended by itself: ${code}`);
      this.#current = undefined;
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of [this.#current, this.#spare.child]) {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
}
