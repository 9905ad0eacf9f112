/** Sealing a table, and asking it for tags: two processes over mutual TLS, each with one crypto thread. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { toBinary } from '@bufbuild/protobuf';
import { ristretto255_oprf } from '@noble/curves/ed25519.js';
import { openPool, type Pool } from '../../src/compute/pool.ts';
import {
  type Manifest,
  QueryResponseSchema,
  TransferResponseSchema,
} from '../../src/gen/sotto/tag/v1/tag_pb.ts';
import { systemRandom } from '../../src/jobs/system.ts';
import { initKeys, readPrivate } from '../../src/rpc/keys.ts';
import { connectTags } from '../../src/rpc/tag-client.ts';
import { ReceiptStore } from '../../src/tags/audit.ts';
import { openBatcher } from '../../src/tags/batcher.ts';
import { TagClient } from '../../src/tags/client.ts';
import type { TagRemote } from '../../src/tags/remote.ts';
import { seal } from '../../src/tags/seal.ts';
import { rowBytes } from '../../src/tags/shape.ts';
import { sealOptions, TEST_VAULT } from '../../test/support/tag-company.ts';
import { finish, idOf, members } from '../../test/support/tag-parts.ts';
import { type BenchOptions, type Row, race } from '../harness.ts';
import { temporaryFolder } from '../scenarios/temporary-folder.ts';

const { voprf } = ristretto255_oprf;
/** With the thread that reads and writes, enough for two cores. */
const SEALING_THREADS = 2;
/** Rows that a bucket hides at least. */
const BUCKETS = 1024;
const BASELINE = '@noble/curves, an id at a time, without network';

export async function* tagQuery({ quick }: BenchOptions): AsyncGenerator<Row, void, void> {
  const rows = quick ? 4_000 : 1_000_000;
  await using folder = await temporaryFolder();
  await initKeys('company', join(folder.path, 'keys'));
  await initKeys('bank', join(folder.path, 'keys'));
  writeFileSync(join(folder.path, 'members.csv'), members(rows));
  yield* sealing(folder.path, rows);
  await using pool = openPool({ threads: 1 });
  const perId = await nobleMs(quick ? 2 : 5);
  yield* asking(folder.path, rows, pool, { quick, perId });
}

async function* sealing(folder: string, rows: number): AsyncGenerator<Row, void, void> {
  await using compute = openPool({ threads: SEALING_THREADS });
  await compute.run('oprfDeriveKey', { seed: new Uint8Array(32), info: new Uint8Array() });
  let peak = 0;
  const [since, usedBefore] = [performance.now(), process.cpuUsage()];
  const work = sealAll(folder, compute);
  let manifest: Manifest | undefined;
  while (manifest === undefined) {
    const { done, value } = await work.next();
    peak = Math.max(peak, process.memoryUsage.rss());
    if (done === true) manifest = value;
  }
  const seconds = (performance.now() - since) / 1000;
  const { user, system } = process.cpuUsage(usedBefore);
  const cpuSeconds = (user + system) / 1e6;
  const sealed = `tag-query: sealing ${rows / 1000}k rows, ${SEALING_THREADS} crypto threads`;
  const figures: readonly (readonly [string, number, string, Row['goal']?])[] = [
    [sealed, rows / seconds, 'rows/s', { atLeast: 3_400 }], // 1M in 5 minutes
    [`${sealed}: CPU`, (1e5 * cpuSeconds) / rows, 's/100k rows'],
    [`${sealed}: cores busy`, cpuSeconds / seconds, 'cores'],
    [`${sealed}: memory`, peak / 2 ** 20, 'MiB', { atMost: 1024 }],
  ];
  for (const [name, value, unit, goal] of figures) {
    yield { name, value, unit, samples: 1, ...(goal === undefined ? {} : { goal }) };
  }
  const bytes = rowBytes(manifest);
  yield {
    name: `tag-query: mirror, records of ${manifest.recordBytes} bytes`,
    value: bytes,
    unit: 'bytes/row',
    samples: 1,
  };
}

async function* sealAll(folder: string, compute: Pool, bucketAnonymity?: number) {
  const { signingKey } = await readPrivate(join(folder, 'keys'), 'company');
  const coins = { signingKey, compute, random: systemRandom };
  if (bucketAnonymity === undefined) {
    return yield* seal({ ...sealOptions(folder, coins), checkpointRows: 8_192 });
  }
  const options = sealOptions(folder, coins, { bucketAnonymity });
  return yield* seal({ ...options, versionId: 'v2', kind: 'delta' });
}

async function* asking(
  folder: string,
  rows: number,
  compute: Pool,
  { quick, perId }: { readonly quick: boolean; readonly perId: number },
): AsyncGenerator<Row, void, void> {
  const child = fork(join(import.meta.dirname, 'company.ts'), [folder]);
  try {
    const [address] = await once(child, 'message');
    const company = (await readPrivate(join(folder, 'keys'), 'company')).public;
    const keys = await readPrivate(join(folder, 'keys'), 'bank');
    await using remote = connectTags({ address: String(address), server: company, keys });
    using receipts = ReceiptStore.open(join(folder, 'receipts'), systemRandom, TEST_VAULT);
    const policy = {
      minAnonymity: 'full',
      maxDownloadBytes: 2 ** 40,
      maxLatencyMs: 60_000,
    } as const;
    const options = {
      remote,
      folder: join(folder, 'mirror'),
      datasetId: 'members',
      tenant: 'bank',
      signer: company.signingKey,
      purpose: 'marketing',
      policy,
      receipts,
      compute,
      random: systemRandom,
      sleep: (ms: number, signal: AbortSignal) => setTimeout(ms, undefined, { signal }),
    };
    using client = await TagClient.open(options);
    const { signal } = new AbortController();
    await finish(client.sync(signal));
    const { lookup } = openBatcher(client, 2, signal);
    const one = async (i: number): Promise<void> => {
      const { results } = await lookup([idOf(i % (2 * rows))]); // every second one is not there
      if (results[0]?.found !== i % (2 * rows) < rows) throw new Error('a wrong answer');
    };
    await one(0);
    for (const callers of [1, 16, 64]) yield* load(one, callers, quick ? 64 : 2_000, perId);
    const batch = Array.from({ length: 256 }, (_, i) => client.form([idOf(i)])[0]!);
    const [ms] = await race([() => client.lookup(batch, signal)], {
      rounds: quick ? 1 : 9,
      calls: 1,
    });
    const value = (1000 * 256) / ms;
    const baseline = { name: BASELINE, value: 1000 / perId };
    const name = 'tag-query: a batch of 256 ids';
    yield {
      name,
      value,
      unit: 'ids/s',
      samples: quick ? 1 : 9,
      baseline,
      ratio: value / baseline.value,
    };
    await finish(sealAll(folder, compute, BUCKETS)); // a delta: only the buckets are new
    const fetched = { bytes: 0 };
    using small = await TagClient.open({
      ...options,
      remote: countingBytes(remote, fetched),
      folder: join(folder, 'buckets'),
      policy: { ...policy, minAnonymity: BUCKETS, maxDownloadBytes: 0 },
    });
    await finish(small.sync(signal));
    for (const ids of [1, 8]) {
      const rounds = quick ? 1 : 9;
      fetched.bytes = 0;
      let calls = 0;
      const query = (): Promise<unknown> => {
        calls += 1;
        return small.lookup(batch.slice(0, ids), signal);
      };
      const [ms] = await race([query], { rounds, calls: 1 });
      const what = `tag-query: bucket, ${ids} of ${small.manifest?.buckets?.rows} rows`;
      const value = 1000 / ms;
      const ofIds = { ...baseline, value: baseline.value / ids };
      const ratio = value / ofIds.value;
      yield { name: what, value, unit: 'queries/s', samples: rounds, baseline: ofIds, ratio };
      yield {
        name: `${what}: received`,
        value: fetched.bytes / calls,
        unit: 'bytes/query',
        samples: calls,
        // What the mirror takes, before its first query.
        baseline: { name: 'the mirror, once', value: rows * rowBytes(small.manifest!) },
      };
    }
  } finally {
    child.kill();
  }
}

/** The remote, which counts what its queries receive. */
const countingBytes = (remote: TagRemote, received: { bytes: number }): TagRemote => ({
  ...remote,
  query: async (request, signal) => {
    const response = await remote.query(request, signal);
    received.bytes += toBinary(QueryResponseSchema, response).length;
    return response;
  },
  transfer: async (request, signal) => {
    const response = await remote.transfer(request, signal);
    received.bytes += toBinary(TransferResponseSchema, response).length;
    return response;
  },
});

/** So many callers, each with one id at a time. */
async function* load(
  one: (i: number) => Promise<void>,
  callers: number,
  total: number,
  perId: number,
): AsyncGenerator<Row, void, void> {
  const times: number[] = [];
  let next = 0;
  const since = performance.now();
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (next < total) {
        const at = performance.now();
        await one(7 * next++);
        times.push(performance.now() - at);
      }
    }),
  );
  const value = (1000 * times.length) / (performance.now() - since);
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor(share * (times.length - 1))]!;
  const name = `tag-query: ${callers} caller${callers === 1 ? '' : 's'} of the sidecar`;
  const baseline = { name: BASELINE, value: 1000 / perId };
  const samples = times.length;
  yield { name, value, unit: 'look-ups/s', samples, baseline, ratio: value / baseline.value };
  yield { name: `${name}: p50`, value: at(0.5), unit: 'ms', samples };
  const goal = callers === 64 ? { goal: { atMost: 50 } } : {};
  yield { name: `${name}: p99`, value: at(0.99), unit: 'ms', samples, ...goal };
}

/** Milliseconds for one id with the library: blinded, evaluated with a proof, checked, finalized. */
async function nobleMs(rounds: number): Promise<number> {
  const keys = voprf.generateKeyPair();
  const input = new Uint8Array(40).fill(5);
  const one = (): void => {
    const { blind, blinded } = voprf.blind(input);
    const { evaluated, proof } = voprf.blindEvaluateBatch(keys.secretKey, keys.publicKey, [
      blinded,
    ]) as unknown as {
      evaluated: Uint8Array[];
      proof: Uint8Array;
    };
    const items = [{ input, blind, blinded, evaluated: evaluated[0]! }];
    voprf.finalizeBatch(items as never, keys.publicKey, proof as never);
  };
  const [ms] = await race([one], { rounds, calls: 3 });
  return ms;
}
