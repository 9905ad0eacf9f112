/**
 * What peers were debited, for the audit log: sums and the head of the chain of receipts, read now and then from what is
 * on disk anyway, so that no query waits for it; and whether that chain still is what the log says.
 */
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { equalBytes, toHex } from '../base/bytes.ts';
import { asSottoError, SottoError } from '../base/errors.ts';
import { decodeStored } from '../channel/decode.ts';
import { ReceiptSchema } from '../gen/sotto/tag/v1/tag_pb.ts';
import { receiptHash } from './receipts.ts';

/** How far a chain of receipts is: one for each tenant and table. */
export interface ChainHead {
  readonly peer: string;
  readonly dataset: string;
  /** Debits, and ids in them, since the beginning. */
  readonly receipts: number;
  readonly total: number;
  /** Hash of the last receipt, hex. */
  readonly head: string;
}

export interface Debited extends ChainHead {
  readonly purpose: string;
  /** Ids that were debited for this purpose on this day of UTC, as 2026-03-31. */
  readonly day: string;
  readonly items: number;
}

const DAY_MS = 86_400_000;
const OF_PURPOSE = 'day for ';

export function debitedIn(database: DatabaseSync): Debited[] {
  const spent = database
    .prepare('SELECT tenant, dataset, span, number, items FROM spent WHERE span LIKE ?')
    .all(`${OF_PURPOSE}%`) as unknown as readonly {
    readonly tenant: string;
    readonly dataset: string;
    readonly span: string;
    readonly number: number;
    readonly items: number;
  }[];
  const chains = new Map(heads(database).map((head) => [nameOf(head), head]));
  return spent.flatMap(({ tenant: peer, dataset, span, number, items }) => {
    const chain = chains.get(nameOf({ peer, dataset }));
    if (chain === undefined) return [];
    const day = new Date(number * DAY_MS).toISOString().slice(0, 10);
    return [{ ...chain, purpose: span.slice(OF_PURPOSE.length), day, items }];
  });
}

const nameOf = ({ peer, dataset }: Pick<ChainHead, 'peer' | 'dataset'>): string =>
  JSON.stringify([peer, dataset]);

function heads(database: DatabaseSync): ChainHead[] {
  const rows = database
    .prepare('SELECT tenant, dataset, receipts, total, last_receipt FROM accounts')
    .all() as unknown as readonly {
    readonly tenant: string;
    readonly dataset: string;
    readonly receipts: number;
    readonly total: number;
    readonly last_receipt: Uint8Array;
  }[];
  return rows.map(({ tenant, last_receipt, ...row }) => ({
    ...row,
    peer: tenant,
    head: toHex(last_receipt),
  }));
}

/** 'in-use': a worker has the file, which it does not share. */
export type DebitsVerdict = { readonly chains: number; readonly receipts: number } | 'in-use';

/**
 * Holds if each chain is as far as the log says or further, its last receipts name each other up to its head, and where
 * the log knows that head it is the same. @throws verification-failed with the peer and the table.
 */
export function checkDebits(file: string, logged: readonly ChainHead[]): DebitsVerdict {
  const newest = new Map(logged.map((head) => [nameOf(head), head])); // later ones count
  try {
    using database = existsSync(file) ? new DatabaseSync(file, { readOnly: true }) : undefined;
    const found = new Map(
      (database === undefined ? [] : heads(database)).map((head) => [nameOf(head), head]),
    );
    for (const [name, { peer, dataset, receipts, head }] of newest) {
      const now = found.get(name);
      if (now === undefined || now.receipts < receipts) throw refused('rolled-back', peer, dataset);
      if (now.receipts === receipts && now.head !== head) throw refused('edited', peer, dataset);
    }
    let receipts = 0;
    for (const head of found.values()) receipts += checkReceipts(database!, head);
    return { chains: found.size, receipts };
  } catch (thrown) {
    if (thrown instanceof Error && /database is locked/.test(thrown.message)) return 'in-use';
    throw asSottoError(thrown);
  }
}

/** Of the receipts that are remembered still; gives their number. */
function checkReceipts(database: DatabaseSync, { peer, dataset, receipts, head }: ChainHead) {
  const kept = database.prepare('SELECT receipt FROM requests WHERE tenant = ?').all(peer);
  const links = (kept as unknown as readonly { readonly receipt: Uint8Array }[])
    .map(({ receipt }) => ({ bytes: receipt, receipt: decodeStored(ReceiptSchema, receipt) }))
    .filter(({ receipt }) => receipt.datasetId === dataset)
    .sort((a, b) => Number((a.receipt.sequence ?? 0n) - (b.receipt.sequence ?? 0n)));
  for (const [at, { bytes, receipt }] of links.entries()) {
    const next = links[at + 1];
    // Receipts are forgotten after some days of the clock, which may have jumped: a gap is no flaw.
    if (next?.receipt.sequence !== (receipt.sequence ?? 0n) + 1n) continue;
    const follows = equalBytes(next.receipt.previous, receiptHash(bytes));
    if (!follows) throw refused('misplaced', peer, dataset);
  }
  const last = links.at(-1);
  const isLast = last?.receipt.sequence === BigInt(receipts);
  if (last !== undefined && (!isLast || toHex(receiptHash(last.bytes)) !== head)) {
    throw refused('edited', peer, dataset);
  }
  return links.length;
}

const refused = (flaw: string, peer: string, dataset: string): SottoError =>
  new SottoError('verification-failed', 'the debits are not those that were noted', {
    flaw,
    peer,
    dataset,
  });
