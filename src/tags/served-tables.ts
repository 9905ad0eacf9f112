/** What the company has to serve: its sealed tables as they are on disk now, their versions, keys and buckets. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { isMessage } from '@bufbuild/protobuf';
import { SottoError } from '../base/errors.ts';
import type { Vault } from '../base/sealed.ts';
import type { Compute } from '../compute/compute.ts';
import {
  type Buckets,
  type Manifest,
  type SignedManifest,
  SignedManifestSchema,
} from '../gen/sotto/tag/v1/tag_pb.ts';
import { BucketRows } from './bucket-rows.ts';
import { type Epoch, openEpoch } from './epochs.ts';
import { TableFolder } from './folder.ts';
import { expiryMs, readManifest } from './manifest.ts';

/** A table that is served to one tenant, for these purposes. */
export interface ServedTable {
  readonly datasetId: string;
  readonly tenant: string;
  readonly purposes: readonly string[];
}

export interface ServedFrom {
  readonly sealed: string;
  readonly secrets: string;
  readonly vault: Vault;
  readonly signingKey: KeyObject;
  readonly compute: Compute;
  readonly now: () => number;
}

export interface Version {
  readonly signed: SignedManifest;
  readonly manifest: Manifest;
}

/** What is on disk of a table, read again when a version was added. */
interface Loaded {
  readonly stamp: number;
  readonly versions: readonly Version[];
}

/** That a version is not answered any more; the table's current manifest goes with it, as its cause. */
export const versionGone = (current: SignedManifest): SottoError =>
  new SottoError(
    'parameters-rejected',
    'this version is not answered any more',
    { field: 'version_id', reason: 'version-gone' },
    { cause: current },
  );

/** The manifest that goes with such an error; undefined for any other. */
export function currentVersion(thrown: unknown): SignedManifest | undefined {
  if (!(thrown instanceof SottoError)) return undefined;
  return isMessage(thrown.cause, SignedManifestSchema) ? thrown.cause : undefined;
}

export class ServedTables {
  readonly #tables: readonly ServedTable[];
  readonly #from: ServedFrom;
  readonly #loaded = new Map<ServedTable, Loaded>();
  readonly #epochs = new Map<string, Promise<Epoch>>();
  /** By what their manifest says of them: gone with it. */
  readonly #buckets = new WeakMap<Buckets, BucketRows>();

  constructor(tables: readonly ServedTable[], from: ServedFrom) {
    this.#tables = tables;
    this.#from = from;
  }

  find(peer: string, datasetId: string): ServedTable {
    const table = this.#tables.find((each) => each.tenant === peer && each.datasetId === datasetId);
    // The same for a table that is there for somebody else.
    if (table === undefined) throw new SottoError('not-found', 'no such table is offered', {});
    return table;
  }

  versions(table: ServedTable): Loaded {
    const { sealed, signingKey } = this.#from;
    const { datasetId, tenant } = table;
    const folder = new TableFolder(sealed, datasetId, tenant);
    const known = this.#loaded.get(table);
    const { stamp } = folder;
    if (known?.stamp === stamp) return known;
    const expected = { signer: createPublicKey(signingKey), datasetId, tenant };
    const versions = folder
      .chain()
      .map((signed) => ({ signed, manifest: readManifest(signed, expected) }));
    if (versions.length === 0) {
      throw new SottoError('not-found', 'no version of this table is sealed', {});
    }
    const loaded = { stamp, versions };
    this.#loaded.set(table, loaded);
    return loaded;
  }

  /** Undefined as long as there is none that can be read: whoever asks for it is told why. */
  newest(table: ServedTable): Manifest | undefined {
    try {
      return this.versions(table).versions.at(-1)?.manifest;
    } catch {
      return undefined;
    }
  }

  answered(table: ServedTable, versionId: string): Version {
    const { versions } = this.versions(table);
    const found = versions.find(({ manifest }) => manifest.versionId === versionId);
    if (found === undefined || expiryMs(found.manifest) <= this.#from.now()) {
      throw versionGone(versions.at(-1)!.signed);
    }
    return found;
  }

  epoch({ datasetId, tenant }: ServedTable, number: number): Promise<Epoch> {
    const { secrets, vault, compute } = this.#from;
    const name = JSON.stringify([datasetId, tenant, number]);
    const known = this.#epochs.get(name);
    if (known !== undefined) return known;
    const opened = openEpoch({ secrets, vault, dataset: datasetId, tenant }, number, compute);
    opened.catch(() => this.#epochs.delete(name));
    this.#epochs.set(name, opened);
    return opened;
  }

  buckets({ datasetId, tenant }: ServedTable, manifest: Manifest, buckets: Buckets): BucketRows {
    const known = this.#buckets.get(buckets);
    if (known !== undefined) return known;
    const folder = new TableFolder(this.#from.sealed, datasetId, tenant);
    const rows = new BucketRows(folder, manifest, buckets);
    this.#buckets.set(buckets, rows);
    return rows;
  }
}
