/** What the commands of `sotto tags` do. */

import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { toBinary, toJson } from '@bufbuild/protobuf';
import { toHex } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import { decodeStored } from '../channel/decode.ts';
import { inlineCompute } from '../compute/inline.ts';
import { openPool } from '../compute/pool.ts';
import {
  Engine,
  type LookupResult,
  LookupResultSchema,
  type Manifest,
  OpenedQuerySchema,
} from '../gen/sotto/tag/v1/tag_pb.ts';
import { readPrivate, readPublic } from '../rpc/index.ts';
import {
  checkChain,
  openQuery,
  readReceipt,
  type SealProgress,
  seal,
  verifyOpened,
} from '../tags/index.ts';
import type { Call } from './command.ts';
import type { Config } from './config.ts';
import { bytesText, type Output, secondsText, table } from './output.ts';
import { peerOf } from './peer-files.ts';
import {
  mirrorOf,
  type OpenClient,
  openClient,
  openReceipts,
  sealOptionsOf,
  tagsOf,
} from './tag-parts.ts';
import { openVault } from './vault.ts';

export interface TableFlags {
  readonly config: string;
  readonly dataset: string;
}

export interface SealFlags extends TableFlags {
  readonly version: string;
  readonly peer?: string;
  readonly out?: string;
  readonly delta?: boolean;
  readonly newEpoch?: boolean;
}

export interface GetFlags extends TableFlags {
  readonly file?: string;
}

export interface AuditFlags extends TableFlags {
  readonly key: string;
  readonly id: string;
  readonly out: string;
}

export interface VerifyFlags {
  readonly server: string;
  readonly dataset: string;
  readonly peer: string;
}

export async function sealTable(config: Config, call: Call<SealFlags>): Promise<undefined> {
  const { flags, output } = call;
  const { tables } = tagsOf(config);
  await using compute = openPool({ threads: config.limits.threads ?? availableParallelism() });
  const offers = tables[flags.dataset]?.offers ?? [];
  const tenant = flags.peer ?? (offers.length === 1 ? offers[0]!.peer : undefined);
  if (tenant === undefined) {
    const peers = offers.map(({ peer }) => peer).join(', ');
    throw new SottoError('invalid-argument', 'for whom? give --peer', { offered: peers || 'none' });
  }
  const manifest = await told(
    output,
    seal({
      ...(await sealOptionsOf(config, flags.dataset, tenant)),
      versionId: flags.version,
      kind: flags.delta === true ? 'delta' : 'whole',
      epoch: flags.newEpoch === true ? 'next' : 'same',
      ...(flags.out === undefined ? {} : { sealed: resolve(flags.out) }),
      compute,
      signal: interrupted(),
    }),
    progressText,
  );
  output.result(summary(manifest), `sealed ${manifestText(manifest)}`);
}

function progressText({ phase, done, total, etaSeconds }: SealProgress): string {
  const share = total === 0 ? 100 : Math.floor((100 * done) / total);
  const left = etaSeconds === undefined ? '' : `, ${secondsText(etaSeconds)} to go`;
  return `${phase}: ${done} of ${total} (${share} %)${left}`;
}

/** Runs to the end; a live line on a terminal, else a line now and then. */
async function told<P, T>(
  output: Output,
  work: AsyncGenerator<P, T, void>,
  text: (progress: P) => string,
): Promise<T> {
  for (let count = 0; ; count++) {
    const { done, value } = await work.next();
    if (done === true) {
      output.rewrite('');
      return value;
    }
    if (output.live) output.rewrite(text(value));
    else if (count % 16 === 0) output.remark(text(value));
  }
}

/** Aborted by Ctrl-C or SIGTERM: what was finished stays, and the next run goes on. */
function interrupted(): AbortSignal {
  const controller = new AbortController();
  const reason = new SottoError('cancelled', 'interrupted: run it again, it goes on', {});
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => controller.abort(reason));
  }
  return controller.signal;
}

async function openAsking(config: Config, name: string): Promise<OpenClient> {
  mirrorOf(config, name);
  const vault = await openVault(config);
  const keys = await readPrivate(config.keys, config.party, vault);
  const publics = await Promise.all(config.peers.map(peerOf));
  return await openClient(config, name, { keys, publics, vault, compute: inlineCompute() });
}

export async function syncMirror(config: Config, call: Call<TableFlags>): Promise<undefined> {
  const { flags, output } = call;
  await using open = await openAsking(config, flags.dataset);
  const { client } = open;
  const signal = interrupted();
  const manifest = await told(
    output,
    client.sync(signal),
    ({ doneBytes, totalBytes }) => `${bytesText(doneBytes)} of ${bytesText(totalBytes)}`,
  );
  const checked = await client.checkCanary(signal);
  const note = checked ? '; an id that must be there is there (one query)' : '';
  const { engine } = client;
  const fetched =
    engine === 'mirror' ? '' : '; rows are fetched from buckets, nothing was downloaded';
  const text = `have ${manifestText(manifest)}${fetched}${note}`;
  output.result({ ...summary(manifest), engine, checked }, text);
}

export async function getTags(config: Config, call: Call<GetFlags>): Promise<undefined> {
  const { flags, args, output } = call;
  const lines = flags.file === undefined ? [] : (await readFile(flags.file, 'utf8')).split('\n');
  const ids = [...args, ...lines.map((line) => line.trim()).filter((line) => line !== '')];
  if (ids.length === 0) throw new SottoError('invalid-argument', 'give ids, or --file <file>', {});
  await using open = await openAsking(config, flags.dataset);
  const { client } = open;
  const forms = client.form(ids);
  const found = new Map<string, LookupResult>();
  const distinct = [...new Set(forms)];
  const signal = interrupted();
  for (let at = 0; at < distinct.length; at += client.mostItems) {
    const batch = distinct.slice(at, at + client.mostItems);
    const { results } = await client.lookup(batch, signal);
    for (const [index, form] of batch.entries()) found.set(form, results[index]!);
  }
  const results = forms.map((form) => found.get(form)!);
  if (output.json) {
    for (const [index, result] of results.entries()) {
      output.result({ id: ids[index], ...(toJson(LookupResultSchema, result) as object) }, '');
    }
    return;
  }
  const names = client.manifest!.fields.map(({ name }) => name);
  const rows = results.map((result, index) => [
    ids[index]!,
    ...(result.found ? result.tags.map(valueText) : ['not found']),
  ]);
  output.result({}, table(['id', ...names], rows));
}

function valueText({ value }: LookupResult['tags'][number]): string {
  return value.case === 'absent' || value.case === 'unknown' ? `(${value.case})` : `${value.value}`;
}

export async function checkReceipts(config: Config, call: Call<TableFlags>): Promise<undefined> {
  const { flags, output } = call;
  const { peer } = mirrorOf(config, flags.dataset);
  const { signingKey } = await peerOf(config.peers.find(({ name }) => name === peer)!);
  using store = openReceipts(config, flags.dataset, await openVault(config));
  const kept = [...store.all()];
  const chain = checkChain(
    kept.map(({ receipt }) => receipt),
    signingKey,
  );
  const shown = kept
    .map(({ key, receipt }) => ({ key: toHex(key), receipt: readReceipt(receipt, signingKey) }))
    .sort((a, b) => Number((a.receipt.sequence ?? 0n) - (b.receipt.sequence ?? 0n)))
    .map(({ key, receipt }) => ({
      sequence: Number(receipt.sequence ?? 0n),
      time: new Date(Number(receipt.timeMs ?? 0n)).toISOString(),
      ids: receipt.items ?? 0,
      version: receipt.versionId,
      key,
    }));
  const rows = shown.map((each) => Object.values(each).map(String));
  const text = table(['number', 'time', 'ids', 'version', 'key'], rows);
  output.result(
    { ...chain, kept: shown },
    `${text}\n${chain.receipts} receipts hold, ${chain.gaps} gaps`,
  );
}

export async function openToAuditor(config: Config, call: Call<AuditFlags>): Promise<undefined> {
  const { flags, output } = call;
  await using open = await openAsking(config, flags.dataset);
  const [form] = open.client.form([flags.id]);
  const key = new Uint8Array(Buffer.from(flags.key, 'hex'));
  const opened = await openQuery(open.receipts, key, form!, inlineCompute());
  await writeFile(flags.out, toBinary(OpenedQuerySchema, opened), { mode: 0o600 });
  const { index } = opened;
  output.result({ file: flags.out, index }, `${flags.out}: opens id ${index} of this query only`);
}

export async function verifyForAuditor(
  file: string,
  { flags, output }: Call<VerifyFlags>,
): Promise<undefined> {
  const opened = decodeStored(OpenedQuerySchema, readFileSync(file));
  const { signingKey } = readPublic(readFileSync(flags.server, 'utf8'));
  const expected = { signer: signingKey, datasetId: flags.dataset, tenant: flags.peer };
  const receipt = await verifyOpened(opened, expected, inlineCompute());
  const time = new Date(Number(receipt.timeMs ?? 0n)).toISOString();
  output.result(
    { holds: true, id: opened.id, tenant: receipt.tenant, purpose: receipt.purpose, time },
    `holds: ${receipt.tenant} asked for ${opened.id} on ${time}, for ${receipt.purpose}`,
  );
}

function summary(manifest: Manifest) {
  const { datasetId, tenant, versionId, sequence, epoch, layers, modes, buckets } = manifest;
  const rows = layers.reduce((sum, layer) => sum + Number(layer.rows), 0);
  return {
    dataset: datasetId,
    peer: tenant,
    version: versionId,
    sequence: Number(sequence),
    epoch,
    rows,
    bytes: Number(modes.find(({ engine }) => engine === Engine.MIRROR)?.downloadBytes ?? 0n),
    layers: layers.length,
    buckets: buckets?.count ?? 0,
    bucketRows: buckets?.rows ?? 0,
    bucketAnonymity: Number(modes.find(({ engine }) => engine === Engine.BUCKET)?.anonymity ?? 0n),
  };
}

function manifestText(manifest: Manifest): string {
  const { dataset, peer, version, epoch, rows, bytes, ...of } = summary(manifest);
  const mirror = bytes === 0 ? 'no mirror' : `mirror of ${bytesText(bytes)}`;
  const buckets =
    of.buckets === 0
      ? ''
      : `, ${of.buckets} buckets that hide at least ${of.bucketAnonymity} rows each`;
  return `${dataset} ${version} for ${peer}: ${rows} rows with padding, ${mirror}${buckets}, epoch ${epoch}`;
}
