/**
 * The one gate for what leaves this party as an answer to a question about its rows:
 *
 *   threshold      no answer about fewer rows than agreed
 *   differencing   no two answers about row sets that differ by fewer rows than agreed
 *   budget         what one peer may learn of one dataset, debited durably before the answer exists
 *   memory         the same question about the same rows has the same answer, and costs nothing again
 *
 * An answer is on disk before it is given: a process that ends in between gives the stored one later.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Bytes } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import type { Place, Vault } from '../base/sealed.ts';
import type { AuditLog } from './audit/log.ts';
import type { Budget } from './options.ts';
import { hashOfSet, type RowNames, type RowSet, rowsIn, symmetricDifference } from './row-sets.ts';
import { inTransaction } from './state.ts';

export interface Question {
  /** Who will learn the answer. */
  readonly peer: string;
  /** This party's own. */
  readonly dataset: string;
  /** The protocol, e.g. "count". */
  readonly kind: string;
  readonly job: string;
  /**
   * Canonical bytes of all else that decides the answer: the agreed parameters, and what the peer
   * says its rows are called.
   */
  readonly question: Uint8Array;
  /** Normalised ids of the own rows that the answer is computed from: one set, or several. */
  readonly sets: readonly (readonly string[])[];
  readonly cost: Partial<Budget>;
  /** The threshold, in rows: of a set, and of the difference between two. */
  readonly least: number;
}

/** One peer, one dataset: what it may learn, and what of that is left. */
export interface Exposure {
  readonly peer: string;
  readonly dataset: string;
  readonly releases: number;
  readonly budget: Budget;
  readonly left: Budget;
}

/** What is kept of a question. */
export interface Recalled {
  /** Before its debit nobody can have an answer to it. */
  readonly debited: boolean;
  /** If one was given. */
  readonly answer?: Bytes;
}

interface Prepared {
  readonly name: Uint8Array;
  readonly sets: ReadonlyMap<string, RowSet>;
  readonly cost: Budget;
}

const UNITS = ['epsilon', 'exact', 'rows'] as const;
/** Sums of fractions such as 0.1 may miss their whole by a few units in the last place. */
const ROUNDING = 1e-9;

export class ReleaseGate {
  readonly #database: DatabaseSync;
  readonly #names: RowNames;
  readonly #vault: Vault;
  readonly #audit: AuditLog;
  readonly #budgetOf: (peer: string, dataset: string) => Budget;

  constructor(
    database: DatabaseSync,
    names: RowNames,
    vault: Vault,
    budgetOf: (peer: string, dataset: string) => Budget,
    audit: AuditLog,
  ) {
    this.#audit = audit;
    this.#database = database;
    this.#names = names;
    this.#vault = vault;
    this.#budgetOf = budgetOf;
  }

  /** What a peer is told of a set of rows: whether it is the same as in an earlier job, and nothing else. */
  nameOf(peer: string, ids: readonly string[]): Bytes {
    return this.#names.derive('rows', peer, hashOfSet(this.#names.set(ids))).slice(0, 16);
  }

  /** Coins that come again when the same is asked again, and that nobody else can foresee. */
  seedOf(peer: string, question: Uint8Array): Bytes {
    return this.#names.derive('seed', peer, question);
  }

  /**
   * Whether an answer would be released now: asked before the work, so that none is in vain.
   * @throws budget-exhausted: `found` rows and `least`; `differing` rows and `least`; or `unit` with `asked` and `left`.
   */
  check(question: Question): void {
    const prepared = this.#prepare(question);
    if (this.#find(prepared.name) === undefined) this.#admit(question, prepared);
  }

  recall(question: Question): Recalled {
    const { name } = this.#prepare(question);
    const found = this.#find(name);
    if (!found?.answer) return { debited: found !== undefined };
    return { debited: true, answer: this.#vault.open(found.answer, placeOf(name)) };
  }

  /** Debits the question once, however often it is called. @throws as `check`. */
  debit(question: Question): void {
    this.#debitOnce(question, this.#prepare(question));
  }

  /**
   * Debits, computes, remembers, and only then gives the answer; or gives the one that was given
   * before. A computation that fails leaves the debit, which the next of the same question uses.
   * @throws as `check`, and what `compute` throws.
   */
  async release(question: Question, compute: () => Bytes | Promise<Bytes>): Promise<Bytes> {
    const prepared = this.#prepare(question);
    this.#debitOnce(question, prepared);
    const { name } = prepared;
    const place = placeOf(name);
    const before = this.#find(name)?.answer;
    if (before) return this.#vault.open(before, place);
    const answer = this.#vault.seal(await compute(), place);
    // Whoever came first has answered: two answers to one question would be one too many.
    this.#database
      .prepare('UPDATE releases SET answer = ? WHERE question = ? AND answer IS NULL')
      .run(answer, name);
    return this.#vault.open(this.#find(name)!.answer!, place);
  }

  /** What is left of one budget. */
  exposure(peer: string, dataset: string): Exposure {
    const spent = this.#database
      .prepare(
        `SELECT count(*) AS releases, coalesce(sum(epsilon), 0) AS epsilon,
           coalesce(sum(exact), 0) AS exact, coalesce(sum(rows), 0) AS rows
         FROM releases WHERE dataset = ? AND peer = ?`,
      )
      .get(dataset, peer) as unknown as Budget & { readonly releases: number };
    const budget = this.#budgetOf(peer, dataset);
    const left = (unit: keyof Budget): number => Math.max(0, budget[unit] - spent[unit]);
    return {
      peer,
      dataset,
      releases: spent.releases,
      budget,
      left: { epsilon: left('epsilon'), exact: left('exact'), rows: left('rows') },
    };
  }

  #prepare({ peer, dataset, kind, question, sets, cost }: Question): Prepared {
    const rowSets = sets.map((ids) => this.#names.set(ids));
    const hashes = rowSets.map(hashOfSet);
    return {
      name: this.#names.derive('question', peer, dataset, kind, question, ...hashes),
      sets: new Map(rowSets.map((set, index) => [keyOf(hashes[index]!), set])),
      cost: { epsilon: 0, exact: 0, rows: 0, ...cost },
    };
  }

  #find(name: Uint8Array): { readonly answer: Uint8Array | null } | undefined {
    const row = this.#database.prepare('SELECT answer FROM releases WHERE question = ?').get(name);
    return row as { readonly answer: Uint8Array | null } | undefined;
  }

  #admit({ peer, dataset, least }: Question, { sets, cost }: Prepared): void {
    const { left } = this.exposure(peer, dataset);
    for (const unit of UNITS) {
      if (cost[unit] <= left[unit] + ROUNDING) continue;
      throw new SottoError('budget-exhausted', 'the peer has learnt enough of this dataset', {
        unit,
        asked: cost[unit],
        left: left[unit],
        dataset,
      });
    }
    const known = this.#released(dataset);
    for (const [key, set] of sets) {
      requireRows(set, least, dataset);
      for (const [other, earlier] of known) {
        if (other !== key) requireDifference(set, earlier, least, dataset);
      }
      known.set(key, set);
    }
  }

  /** To any peer: two of them may compare what they were told. */
  #released(dataset: string): Map<string, RowSet> {
    const rows = this.#database
      .prepare('SELECT name, row_set FROM released_sets WHERE dataset = ?')
      .all(dataset) as unknown as { name: Uint8Array; row_set: Uint8Array }[];
    return new Map(rows.map(({ name, row_set }) => [keyOf(name), row_set]));
  }

  #debitOnce(question: Question, prepared: Prepared): void {
    inTransaction(this.#database, () => {
      if (this.#find(prepared.name) !== undefined) return;
      this.#admit(question, prepared);
      this.#debit(question, prepared);
    });
  }

  #debit({ peer, dataset, kind, job }: Question, { name, sets, cost }: Prepared): void {
    const amount = cost.exact + cost.rows + cost.epsilon;
    this.#audit.note({ event: 'debited', job, dataset, budget: 'answers', amount });
    this.#database
      .prepare(
        `INSERT INTO releases (question, peer, dataset, kind, job, epsilon, exact, rows)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(name, peer, dataset, kind, job, cost.epsilon, cost.exact, cost.rows);
    const keep = this.#database.prepare('INSERT OR IGNORE INTO released_sets VALUES (?, ?, ?)');
    for (const set of sets.values()) keep.run(dataset, hashOfSet(set), set);
  }
}

const placeOf = (name: Uint8Array): Place => ({
  purpose: 'answer',
  job: Buffer.from(name).toString('hex'),
});

const keyOf = (hash: Uint8Array): string => Buffer.from(hash).toString('hex');

function requireRows(set: RowSet, least: number, dataset: string): void {
  if (rowsIn(set) >= least) return;
  throw new SottoError('budget-exhausted', 'an answer about so few rows would say too much', {
    found: rowsIn(set),
    least,
    dataset,
  });
}

function requireDifference(set: RowSet, earlier: RowSet, least: number, dataset: string): void {
  const differing = symmetricDifference(set, earlier);
  if (differing >= least) return;
  throw new SottoError(
    'budget-exhausted',
    'these rows differ in too few from those of an earlier answer',
    { differing, least, dataset },
  );
}
