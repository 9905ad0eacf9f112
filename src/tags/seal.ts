/**
 * Sealing: a table's rows, each under the key that one evaluation of the oblivious function opens.
 *
 *   rows      read -> record of one size -> value of the function (on threads) -> sealed, dealt out by fingerprint
 *   padding   removals (delta), canaries, then random rows up to the size class
 *   buckets   where they are offered: all rows once more under other keys, dealt out by a hash of the id
 *   segments  each sorted and written under its hash; the manifest signed; from then on it is served
 *
 * Memory does not grow with the table. A process that is killed goes on from its last checkpoint.
 */
import { mkdirSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import { SottoError } from '../base/errors.ts';
import { LayerSchema, type Manifest } from '../gen/sotto/tag/v1/tag_pb.ts';
import { BucketWriter } from './bucket-writer.ts';
import { canaryRecord } from './canary.ts';
import { forget, writeCheckpoint } from './checkpoint.ts';
import { indexFile } from './epochs.ts';
import { writeChunks } from './files.ts';
import { TableFolder } from './folder.ts';
import { LayerWriter, NOBODY } from './layer-writer.ts';
import { FIELD_GROUP } from './manifest.ts';
import { publish, type Sealed } from './publish.ts';
import { type IdDomain, inputOf } from './row.ts';
import { INDEX_ENTRY_BYTES, RowIndex, SECRET_BYTES } from './row-index.ts';
import { encodeRecord } from './schema.ts';
import { type Prepared, placeOf, prepare, type SealOptions } from './seal-plan.ts';
import { evaluateAll, type ReadyRow, SLICE } from './seal-rows.ts';
import { segmentCount, sizeClass } from './shape.ts';
import { type OpenRows, openRows } from './source.ts';
import { Spill } from './spill.ts';

export type { SealOptions, TagTable } from './seal-plan.ts';

export interface SealProgress {
  readonly phase: 'rows' | 'padding' | 'segments';
  readonly done: number;
  readonly total: number;
  /** Undefined until there is something to tell it from. */
  readonly etaSeconds: number | undefined;
}

/** A few seconds of work. */
const CHECKPOINT_ROWS = 32_768;

/** Seals one version. Each yield is a safe point, and tells how far it is. */
export async function* seal(options: SealOptions): AsyncGenerator<SealProgress, Manifest, void> {
  const { table } = options;
  using rows = await openRows(table.source);
  const folder = new TableFolder(options.sealed, table.datasetId, table.tenant);
  folder.make();
  const prepared = await prepare(options, folder, rows);
  using sealing = new Sealing(options, prepared, folder);
  yield* sealing.rows(rows);
  yield* sealing.padding();
  return sealing.publish(yield* sealing.segments());
}

class Sealing implements Disposable {
  readonly #options: SealOptions;
  readonly #prepared: Prepared;
  readonly #folder: TableFolder;
  readonly #layer: LayerWriter;
  readonly #index: Spill;
  /** Where buckets are offered: all rows of the version, changed or not. */
  readonly #buckets: BucketWriter | undefined;
  readonly #before: RowIndex;
  /** Which rows of the version before were met: the others are removed. */
  readonly #met: Uint8Array;
  readonly #domain: IdDomain;
  #phase: SealProgress['phase'];
  #rowsRead: number;

  constructor(options: SealOptions, prepared: Prepared, folder: TableFolder) {
    this.#options = options;
    this.#prepared = prepared;
    this.#folder = folder;
    const { table } = options;
    const { plan, epoch, resumed, current } = prepared;
    this.#domain = {
      datasetId: table.datasetId,
      idType: table.idType,
      digestAlgorithm: table.source.digestAlgorithm,
    };
    const place = {
      datasetId: table.datasetId,
      versionId: plan.versionId,
      salt: Buffer.from(plan.salt, 'hex'),
      fieldGroup: FIELD_GROUP,
    };
    const nothing = Array.from({ length: plan.parts }, () => 0);
    mkdirSync(folder.sealing, { recursive: true, mode: 0o700 });
    this.#layer = new LayerWriter(folder.sealing, place, plan, {
      lengths: resumed?.lengths ?? nothing,
      rows: resumed?.rowsSealed ?? 0,
    });
    const { indexLengths = nothing, bucketLengths = nothing } = resumed ?? {};
    this.#index = new Spill(folder.sealing, 'index', INDEX_ENTRY_BYTES, indexLengths);
    if (table.bucketAnonymity !== undefined) {
      const ofBuckets = { ...place, salt: Buffer.from(plan.bucketSalt, 'hex') };
      this.#buckets = new BucketWriter(folder.sealing, ofBuckets, plan, bucketLengths);
    }
    const known = current?.manifest.epoch === plan.epoch ? current.manifest.sequence : 0n;
    this.#before = new RowIndex(indexFile(placeOf(options), known), epoch.indexKey);
    if (plan.kind === 'delta' && !this.#before.isThere) {
      const message = 'the index of the rows sealed before is gone: seal a whole version';
      throw new SottoError('not-found', message, { dataset: table.datasetId });
    }
    this.#met = new Uint8Array(this.#before.count);
    this.#phase = resumed?.phase ?? 'rows';
    this.#rowsRead = resumed?.rowsRead ?? 0;
  }

  /** Reads, evaluates and seals. Rows that a killed run had sealed are only read. */
  async *rows(source: OpenRows): AsyncGenerator<SealProgress, void, void> {
    const options = this.#options;
    const prepared = this.#prepared;
    if (this.#phase !== 'rows' && prepared.plan.kind === 'whole') return;
    const sealedBefore = this.#rowsRead;
    const since = options.now();
    let row = 0;
    let saved = sealedBefore;
    const evaluated = evaluateAll(source.batches(options.signal), {
      compute: options.compute,
      signal: options.signal,
      secretKey: prepared.epoch.secretKey,
      domain: this.#domain,
      fields: options.table.source.fields,
      recordBytes: prepared.plan.recordBytes,
      known: this.#before,
      skip: sealedBefore,
      onlyChanged: prepared.plan.kind === 'delta',
    });
    for await (const batch of evaluated) {
      for (const each of batch) {
        row += 1;
        if (each.at !== undefined) this.#met[each.at] = 1;
        if (row <= sealedBefore) continue;
        this.#sealOne(each);
        if (row % SLICE === 0) await setImmediate(); // threads are handed their next tasks meanwhile
      }
      this.#rowsRead = Math.max(this.#rowsRead, row);
      if (this.#rowsRead - saved < (options.checkpointRows ?? CHECKPOINT_ROWS)) continue;
      saved = this.#rowsRead;
      this.#checkpoint();
      const perRow = (options.now() - since) / (row - sealedBefore) / 1000;
      const etaSeconds = perRow * (source.count - row);
      yield { phase: 'rows', done: row, total: source.count, etaSeconds };
    }
    if (this.#phase === 'rows') {
      this.#phase = 'padding';
      this.#checkpoint();
    }
  }

  #sealOne({ id, record, secret, changed, row }: ReadyRow): void {
    this.#index.append(this.#before.entry(id, record, secret));
    if (changed) this.#layer.seal(secret, record, row);
    this.#buckets?.seal(inputOf(this.#domain, id), secret, record);
  }

  async *padding(): AsyncGenerator<SealProgress, void, void> {
    if (this.#phase !== 'padding') return;
    const { plan } = this.#prepared;
    const { random } = this.#options;
    const { recordBytes } = plan;
    if (plan.kind === 'delta') {
      const removed = encodeRecord([], 'removed', { recordBytes, row: NOBODY });
      for (const [at, met] of this.#met.entries()) {
        if (met === 0) this.#layer.seal(this.#before.secretAt(at), removed, NOBODY);
      }
    }
    await this.#canaries();
    const total = sizeClass(this.#layer.rows);
    while (this.#layer.rows < total) {
      this.#layer.pad(random);
      if (this.#layer.rows % CHECKPOINT_ROWS !== 0) continue;
      await setImmediate();
      yield { phase: 'padding', done: this.#layer.rows, total, etaSeconds: undefined };
    }
    this.#phase = 'segments';
    this.#checkpoint();
  }

  /** A delta's layer has none of its own; the buckets hold all rows, and so those of the layers below. */
  async #canaries(): Promise<void> {
    const { plan, epoch, current } = this.#prepared;
    const { compute, table } = this.#options;
    const before = plan.kind === 'delta' ? (current?.manifest.canaries ?? []) : [];
    const ids = [...plan.canaries, ...before.map(({ id }) => id)];
    if (ids.length === 0) return;
    const inputs = ids.map((id) => inputOf(this.#domain, id));
    const { secretKey } = epoch;
    const { outputs } = await compute.run('oprfEvaluateDirect', { secretKey, inputs });
    const record = canaryRecord(table.source.fields, plan.recordBytes);
    for (const [index, input] of inputs.entries()) {
      const secret = outputs.subarray(SECRET_BYTES * index, SECRET_BYTES * (index + 1));
      if (index < plan.canaries.length) this.#layer.seal(secret, record, NOBODY);
      this.#buckets?.seal(input, secret, record);
    }
  }

  async *segments(): AsyncGenerator<SealProgress, Omit<Sealed, 'writeIndex'>, void> {
    const { plan } = this.#prepared;
    const count = Math.min(plan.parts, segmentCount(this.#layer.rows, plan));
    const since = this.#options.now();
    const segments = [];
    for (let index = 0; index < count; index++) {
      segments.push(this.#layer.segment(this.#folder, index, count));
      this.#options.signal.throwIfAborted();
      await setImmediate();
      const etaSeconds = ((this.#options.now() - since) / (index + 1) / 1000) * (count - index - 1);
      yield { phase: 'segments', done: index + 1, total: count, etaSeconds };
    }
    const layer = create(LayerSchema, {
      versionId: plan.versionId,
      salt: Buffer.from(plan.salt, 'hex'),
      rows: BigInt(this.#layer.rows),
      segments,
    });
    const { random, table } = this.#options;
    const buckets = this.#buckets?.write(this.#folder, table.bucketAnonymity ?? 0, random);
    return { layer, buckets };
  }

  publish(sealed: Omit<Sealed, 'writeIndex'>): Manifest {
    const writeIndex = (path: string): void =>
      writeChunks(path, this.#before.whole(this.#index.inOrder()));
    const manifest = publish(this.#options, this.#prepared, this.#folder, {
      ...sealed,
      writeIndex,
    });
    forget(this.#folder.sealing);
    return manifest;
  }

  #checkpoint(): void {
    writeCheckpoint(this.#folder.sealing, placeOf(this.#options), {
      plan: this.#prepared.plan,
      phase: this.#phase,
      rowsRead: this.#rowsRead,
      lengths: this.#layer.sync(),
      rowsSealed: this.#layer.rows,
      indexLengths: this.#index.sync(),
      bucketLengths: this.#buckets?.sync() ?? [],
    });
  }

  [Symbol.dispose](): void {
    this.#layer[Symbol.dispose]();
    this.#index[Symbol.dispose]();
    this.#buckets?.[Symbol.dispose]();
    this.#before[Symbol.dispose]();
  }
}
