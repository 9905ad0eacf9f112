/** The demo's tag query: the company seals a table of its members, the bank's systems ask for a thousand of its own customers. */
import { readFileSync } from 'node:fs';
import { fromBinary } from '@bufbuild/protobuf';
import { SottoError } from '../../base/errors.ts';
import { openPool } from '../../compute/pool.ts';
import { QueryRequestSchema } from '../../gen/sotto/tag/v1/tag_pb.ts';
import { readReceipt, seal } from '../../tags/index.ts';
import { type Config, loadConfig } from '../config.ts';
import { peerOf } from '../peer-files.ts';
import { openReceipts, sealOptionsOf, tagsOf } from '../tag-parts.ts';
import { openVault } from '../vault.ts';
import { type DemoSetup, MEMBERS, TAGS } from './setup.ts';

const QUERIES = 1000;
/** The bank's systems that ask at once. */
const CALLERS = 16;
const VERSION = 'demo-1';
/** Requests of the transcript that are shown. */
const SHOWN = 3;

export interface SealedMembers {
  /** Of the company's table, before padding. */
  readonly rows: number;
  readonly seconds: number;
}

/** One query as the company heard it. */
export interface HeardQuery {
  readonly time: string;
  readonly ids: number;
  readonly purpose: string;
  /** The first point, in hex: a fresh random multiple of the hashed id. */
  readonly point: string;
}

export interface TagFindings extends SealedMembers {
  readonly queries: number;
  /** Answers equal to what the company's table says, "not found" included. */
  readonly correct: number;
  readonly found: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly qps: number;
  /** All that crossed the line, in order: the company signed for each. */
  readonly heard: {
    readonly requests: number;
    readonly bytesPerId: number;
    readonly first: readonly HeardQuery[];
    /** Whether an id that was asked occurs in any request. */
    readonly idsInRequests: number;
  };
}

/** Seals the members for the bank. Done before the company's worker starts, which serves what it finds. */
export async function sealMembers(
  { company }: DemoSetup,
  signal: AbortSignal,
): Promise<SealedMembers> {
  const started = performance.now();
  const config = loadConfig(company.config);
  await using compute = openPool({ threads: config.limits.threads ?? 1 });
  const sealing = seal({
    ...(await sealOptionsOf(config, MEMBERS, 'bank')),
    versionId: VERSION,
    kind: 'whole',
    epoch: 'same',
    compute,
    signal,
  });
  for await (const _ of sealing);
  const rows = rowsOf(company.table).size;
  return { rows, seconds: (performance.now() - started) / 1000 };
}

/** Asks for the bank's first customers through its own worker's sidecar, and holds the answers to both tables. */
export async function queryTags(
  { bank, company }: DemoSetup,
  sealed: SealedMembers,
  signal: AbortSignal,
): Promise<TagFindings> {
  const config = loadConfig(bank.config);
  const url = `http://${tagsOf(config).sidecar?.http}/v1/lookup`;
  const ids = [...rowsOf(bank.table).keys()].slice(0, QUERIES);
  await untilMirrored(url, ids[0]!, signal);
  const truth = rowsOf(company.table);
  const times: number[] = [];
  const left = ids.entries();
  let [correct, found] = [0, 0];
  const started = performance.now();
  const call = async (): Promise<void> => {
    for (const [, id] of left) {
      const asked = performance.now();
      const tags = await lookup(url, id, signal);
      times.push(performance.now() - asked);
      const row = truth.get(id);
      if (tags !== undefined) found += 1;
      if (JSON.stringify(tags) === JSON.stringify(row && tagsIn(row))) correct += 1;
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, call));
  const seconds = (performance.now() - started) / 1000;
  times.sort((a, b) => a - b);
  const share = (part: number): number => times[Math.floor(part * (times.length - 1))]!;
  return {
    ...sealed,
    queries: ids.length,
    correct,
    found,
    p50Ms: share(0.5),
    p99Ms: share(0.99),
    qps: ids.length / seconds,
    heard: await transcript(config, ids),
  };
}

type Answer = { readonly found: boolean; readonly tags: readonly Record<string, unknown>[] };

/** Name and text of each tag, or undefined for an id that is not there. */
async function lookup(
  url: string,
  id: string,
  signal: AbortSignal,
): Promise<Record<string, string> | undefined> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ datasetId: MEMBERS, ids: [id] }),
    signal,
  });
  const body = (await response.json()) as {
    results?: Answer[];
    error?: { code: string; message: string };
  };
  const [answer] = body.results ?? [];
  if (answer === undefined) {
    const { code = 'internal', message = 'no answer' } = body.error ?? {};
    throw new SottoError(code === 'not-found' ? code : 'internal', `the sidecar: ${message}`);
  }
  if (!answer.found) return undefined;
  return Object.fromEntries(
    answer.tags.map(({ name, ...value }) => [
      String(name),
      value.absent === true ? '' : String(Object.values(value)[0]),
    ]),
  );
}

/** The bank's worker downloads the sealed table when it starts; by now it nearly always has. */
async function untilMirrored(url: string, id: string, signal: AbortSignal): Promise<void> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(10_000)]);
  for (;;) {
    try {
      await lookup(url, id, patience);
      return;
    } catch (thrown) {
      if (!(thrown instanceof SottoError) || thrown.code !== 'not-found') throw thrown;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** What the company heard: the requests for which it signed receipts, as the bank kept them. */
async function transcript(config: Config, ids: readonly string[]): Promise<TagFindings['heard']> {
  const { signingKey } = await peerOf(config.peers[0]!);
  using store = openReceipts(config, MEMBERS, await openVault(config));
  const heard = [...store.all()]
    .map(({ key, receipt }) => ({
      bytes: store.find(key).request,
      receipt: readReceipt(receipt, signingKey),
    }))
    .sort((a, b) => Number((a.receipt.sequence ?? 0n) - (b.receipt.sequence ?? 0n)));
  const requests = heard.map(({ bytes, receipt }) => {
    const { blinded, purpose } = fromBinary(QueryRequestSchema, bytes);
    return { receipt, blinded, purpose };
  });
  const points = requests.reduce((sum, { blinded }) => sum + blinded.length, 0);
  const items = requests.reduce((sum, { receipt }) => sum + (receipt.items ?? 0), 0);
  const text = heard.map(({ bytes }) => Buffer.from(bytes).toString('latin1')).join('\n');
  return {
    requests: requests.length,
    bytesPerId: points / items,
    first: requests.slice(0, SHOWN).map(({ receipt, blinded, purpose }) => ({
      time: new Date(Number(receipt.timeMs ?? 0n)).toISOString(),
      ids: receipt.items ?? 0,
      purpose,
      point: Buffer.from(blinded.subarray(0, 32)).toString('hex'),
    })),
    idsInRequests: ids.filter((id) => text.includes(id)).length,
  };
}

const tagsIn = (row: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    TAGS.map(({ name, column }) => [name, row[column] === 'NA' ? '' : row[column]!]),
  );

/** A table of the demo, by id: the example's cells hold no commas. */
function rowsOf(file: string): Map<string, Record<string, string>> {
  const [header = '', ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n');
  const names = header.split(',');
  return new Map(
    lines.map((line) => {
      const cells = line.split(',');
      const row = Object.fromEntries(names.map((name, at) => [name, cells[at] ?? '']));
      return [row.id!, row];
    }),
  );
}
