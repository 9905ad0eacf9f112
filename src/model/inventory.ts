/** This party's halves of models: a folder for each, with the half as JSON, sealed. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { utf8 } from '../base/bytes.ts';
import { asSottoError, SottoError } from '../base/errors.ts';
import type { Place, Vault } from '../base/sealed.ts';
import { syncFolder, writeWhole } from './file.ts';
import { MODEL_ID, type ModelHalf, parseHalf, requireCurrent, serializeHalf } from './half.ts';

/** A folder without it is no model. */
const HALF_FILE = 'half.sealed';

const PAGE_SIZE = 50;
const MOST_PAGE_SIZE = 100;

const placeOf = (id: string): Place => ({ purpose: 'model', job: id });

/** What a list shows of a model. */
export type ModelSummary = Pick<
  ModelHalf,
  'id' | 'role' | 'peer' | 'purpose' | 'columns' | 'metrics' | 'createdAt' | 'expiresAt'
> & { readonly jobId: string };

export interface ModelPage {
  /** Newest first. */
  readonly models: readonly ModelSummary[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
}

/**
 * One process at a time owns the folder; models never change once saved, so what was read stays
 * true.
 */
export class Inventory {
  readonly #folder: string;
  readonly #vault: Vault;
  readonly #summaries = new Map<string, ModelSummary>();

  /** The folder is made when the first model is saved. */
  constructor(folder: string, vault: Vault) {
    this.#folder = folder;
    this.#vault = vault;
  }

  /** Durable when it resolves. `already-exists` when there is another model of that id. */
  async save(half: ModelHalf): Promise<void> {
    const before = await this.#read(half.id);
    if (before === serializeHalf(half)) return;
    if (before !== undefined) {
      throw new SottoError('already-exists', 'there is a model of this id', { model: half.id });
    }
    const sealed = this.#vault.seal(utf8(serializeHalf(half)), placeOf(half.id));
    await writeWhole(this.#path(half.id, HALF_FILE), sealed);
    await syncFolder(this.#folder);
  }

  /**
   * Also of an expired model. `not-found`; `invalid-argument` naming the field of a file that is
   * wrong.
   */
  async load(id: string): Promise<ModelHalf> {
    return parseHalf(await this.content(id));
  }

  /** For scoring: `permission-denied` once the model has expired. */
  async loadCurrent(id: string, nowMs: number): Promise<ModelHalf> {
    const half = await this.load(id);
    requireCurrent(half, nowMs);
    return half;
  }

  /** The half as its file says it, opened. */
  async content(id: string): Promise<string> {
    const content = await this.#read(id);
    if (content === undefined) throw missing(id);
    return content;
  }

  /** `pageSize` 1..100, 0 means 50; `pageToken` empty or as a page before gave it. */
  async list(pageSize: number, pageToken: string): Promise<ModelPage> {
    const size = checkedPageSize(pageSize);
    const after = decodeToken(pageToken);
    const all = (await this.#all()).map((model) => ({ key: keyOf(model), model }));
    // Keys sort by time; the id makes them distinct. A page goes on below the last key, whatever
    // was deleted since.
    all.sort((a, b) => (a.key < b.key ? 1 : -1));
    const rest = after === undefined ? all : all.filter(({ key }) => key < after);
    const page = rest.slice(0, size);
    const last = page.at(-1);
    return {
      models: page.map(({ model }) => model),
      nextPageToken: last === undefined || rest.length <= size ? '' : encodeToken(last.key),
    };
  }

  /** Removes every file of the model; scores are no longer possible with it. `not-found`. */
  async delete(id: string): Promise<void> {
    if ((await this.#read(id)) === undefined) throw missing(id);
    this.#summaries.delete(id);
    await rm(this.#path(id, HALF_FILE));
    await rm(join(this.#folder, id), { recursive: true });
    await syncFolder(this.#folder);
  }

  async #all(): Promise<ModelSummary[]> {
    const names = await readdir(this.#folder).catch(emptyWhenAbsent);
    const found: ModelSummary[] = [];
    for (const name of names.filter((entry) => MODEL_ID.test(entry))) {
      const summary = this.#summaries.get(name) ?? (await this.#summarize(name));
      if (summary === undefined) continue;
      this.#summaries.set(name, summary);
      found.push(summary);
    }
    return found;
  }

  async #summarize(id: string): Promise<ModelSummary | undefined> {
    const content = await this.#read(id);
    if (content === undefined) return undefined;
    try {
      const { role, peer, purpose, columns, metrics, createdAt, expiresAt, lineage } =
        parseHalf(content);
      const { jobId } = lineage;
      return { id, role, peer, purpose, columns, metrics, createdAt, expiresAt, jobId };
    } catch (thrown) {
      const { code, message, facts } = asSottoError(thrown);
      throw new SottoError(code, message, { ...facts, model: id });
    }
  }

  async #read(id: string): Promise<string | undefined> {
    if (!MODEL_ID.test(id)) return undefined;
    try {
      const sealed = await readFile(this.#path(id, HALF_FILE));
      return Buffer.from(this.#vault.open(sealed, placeOf(id))).toString();
    } catch (thrown) {
      if (isAbsent(thrown)) return undefined;
      throw thrown;
    }
  }

  #path(id: string, file: string): string {
    return join(this.#folder, id, file);
  }
}

const missing = (id: string): SottoError =>
  new SottoError('not-found', 'there is no such model', MODEL_ID.test(id) ? { model: id } : {});

const isAbsent = (thrown: unknown): boolean =>
  thrown instanceof Error &&
  'code' in thrown &&
  (thrown.code === 'ENOENT' || thrown.code === 'ENOTDIR');

function emptyWhenAbsent(thrown: unknown): string[] {
  if (isAbsent(thrown)) return [];
  throw thrown;
}

const keyOf = ({ createdAt, id }: ModelSummary): string =>
  `${new Date(createdAt).toISOString()} ${id}`;

const encodeToken = (key: string): string => Buffer.from(key).toString('base64url');

function decodeToken(token: string): string | undefined {
  if (token === '') return undefined;
  const key = Buffer.from(token, 'base64url').toString();
  if (encodeToken(key) === token && /^\d{4}-\d\d-\d\dT[\d:.]+Z \S+$/.test(key)) return key;
  throw new SottoError('invalid-argument', 'the page token is not one that a list gave', {
    field: 'page_token',
  });
}

function checkedPageSize(pageSize: number): number {
  if (Number.isInteger(pageSize) && pageSize >= 0 && pageSize <= MOST_PAGE_SIZE) {
    return pageSize === 0 ? PAGE_SIZE : pageSize;
  }
  throw new SottoError('invalid-argument', 'the page size is out of range', {
    field: 'page_size',
    atMost: MOST_PAGE_SIZE,
    received: pageSize,
  });
}
