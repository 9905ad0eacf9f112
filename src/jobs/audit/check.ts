/** Whether an audit log holds: entry for entry, against its anchor, and against what peers remember. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asSottoError } from '../../base/errors.ts';
import type { Place, Vault } from '../../base/sealed.ts';
import { type Entry, type Flaw, type Head, NO_HEAD, readEntry } from './entries.ts';

export const logFile = (stateDir: string): string => join(stateDir, 'audit.log');
/** The newest head, sealed: it shows that entries were cut off at the end. */
export const anchorFile = (stateDir: string): string => join(stateDir, 'audit.head');
const ANCHOR: Place = { purpose: 'audit' };

export interface Checked {
  readonly head: Head;
  /** Up to the first bad one. */
  readonly entries: readonly Entry[];
  /** Hash of entry n at n - 1. */
  readonly hashes: readonly string[];
  /** Bytes of whole lines: what follows was being written when the process ended. */
  readonly wholeBytes: number;
  /** The first entry that does not hold, and why. */
  readonly bad: { readonly entry: number; readonly flaw: Flaw } | undefined;
}

/** What a peer remembers of a log: its head when they last exchanged heads, and how often they had. */
export interface PeerHead {
  readonly exchanges: number;
  readonly hash: string;
}

export const NO_PEER_HEAD: PeerHead = { exchanges: 0, hash: NO_HEAD.hash };

/** What `peer` remembers of this log; `sotto audit heads` writes it there. */
export interface Witness extends PeerHead {
  readonly peer: string;
}

/** Reads the whole log. Never throws for what is in it: the verdict is in `bad`. */
export function checkAudit(
  stateDir: string,
  vault: Vault,
  witnesses: readonly Witness[] = [],
): Checked {
  const file = logFile(stateDir);
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  const entries: Entry[] = [];
  const hashes: string[] = [];
  let head = NO_HEAD;
  let bad: Checked['bad'];
  for (const line of whole.split('\n').slice(0, -1)) {
    const read = readEntry(vault, head, line);
    if ('flaw' in read) {
      bad = { entry: head.entries + 1, flaw: read.flaw };
      break;
    }
    entries.push(read.entry);
    hashes.push(read.head.hash);
    head = read.head;
  }
  bad ??= cut(hashes, openAnchor(stateDir, vault));
  for (const witness of witnesses) bad ??= rolledBack({ entries, hashes }, witness);
  return { head, entries, hashes, wholeBytes: Buffer.byteLength(whole), bad };
}

/** A log may be ahead of its anchor, by what was written when the process ended; never behind. */
function cut(hashes: readonly string[], anchor: Head | 'damaged' | undefined): Checked['bad'] {
  if (anchor === 'damaged') return { entry: hashes.length + 1, flaw: 'damaged' };
  if (anchor === undefined) return hashes.length > 1 ? { entry: 1, flaw: 'damaged' } : undefined;
  if (anchor.entries > hashes.length) return { entry: hashes.length + 1, flaw: 'cut-short' };
  const fits = anchor.entries === 0 || hashes[anchor.entries - 1] === anchor.hash;
  return fits ? undefined : { entry: anchor.entries, flaw: 'rolled-back' };
}

/** By hash: a process that was killed may have told its head, and not have noted that it did. */
function rolledBack(
  { entries, hashes }: Pick<Checked, 'entries' | 'hashes'>,
  { peer, exchanges, hash }: Witness,
): Checked['bad'] {
  if (exchanges === 0 || hashes.includes(hash)) return undefined;
  const other = entries.find(
    (entry) =>
      entry.event === 'heads-exchanged' && entry.peer === peer && entry.exchange === exchanges,
  );
  return { entry: other?.entry ?? hashes.length + 1, flaw: 'rolled-back' };
}

export function sealAnchor(vault: Vault, head: Head): Uint8Array {
  return vault.seal(Buffer.from(JSON.stringify(head)), ANCHOR);
}

function openAnchor(stateDir: string, vault: Vault): Head | 'damaged' | undefined {
  const file = anchorFile(stateDir);
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(Buffer.from(vault.open(readFileSync(file), ANCHOR)).toString()) as Head;
  } catch (thrown) {
    if (asSottoError(thrown).code === 'verification-failed') return 'damaged';
    throw thrown;
  }
}

/** The newest heads of peers' logs that this one remembers, by peer. */
export function rememberedHeads(entries: readonly Entry[]): Map<string, PeerHead> {
  const heads = new Map<string, PeerHead>();
  for (const entry of entries) {
    if (entry.event !== 'heads-exchanged') continue;
    const head = { exchanges: Number(entry.exchange), hash: String(entry.peerHead) };
    heads.set(String(entry.peer), head);
  }
  return heads;
}
