/**
 * The audit log as a file: a line of JSON for each entry, which names the hash of the one before.
 *
 *   {"entry":7,"time":"…","event":"…", …,"previous":"<SHA-256 of entry 6>","seal":"…"}
 *
 * The hash is of the whole line, whose seal holds fresh coins: it tells nothing of the entry to a peer that is given it.
 * Anybody can follow the hashes; the seal needs the vault, so that whoever can write the file but has no key cannot
 * write a whole chain anew.
 */
import { createHash } from 'node:crypto';
import type { Place, Vault } from '../../base/sealed.ts';
import { type AuditEvent, EVENT_FIELDS } from './events.ts';

/** How far a log is: its number of entries, and the hash of the last (hex). */
export interface Head {
  readonly entries: number;
  readonly hash: string;
}

export const NO_HEAD: Head = { entries: 0, hash: '0'.repeat(64) };

/** An entry as it is read: the fields of its event besides. */
export type Entry = Readonly<Record<string, string | number>> & {
  readonly entry: number;
  readonly time: string;
  readonly event: string;
};

/** Why a log does not hold. */
export type Flaw =
  | 'edited' // its seal does not fit: changed, or written by somebody without the key
  | 'misplaced' // one before it was deleted, or it was moved
  | 'damaged' // no entry at all
  | 'cut-short' // entries that were on disk are gone
  | 'rolled-back'; // the peer remembers another history

const DOMAIN = 'sotto audit 1\0';
/** The last member of a line; all before it is what is hashed. */
const SEAL = /^(\{"entry":\d+,.*),"seal":"([A-Za-z0-9+/]{39}=)"\}$/;
/** What a field may hold: a name, a number, a hash; never a table. */
const MOST_TEXT = 300;

export function writeEntry(
  vault: Vault,
  before: Head,
  timeMs: number,
  event: AuditEvent,
): { readonly line: string; readonly head: Head } {
  const given = event as unknown as Readonly<Record<string, string | number>>;
  const fields = EVENT_FIELDS[event.event].map((name) => [name, short(given[name])]);
  const entries = before.entries + 1;
  const text = JSON.stringify({
    entry: entries,
    time: new Date(timeMs).toISOString(),
    event: event.event,
    ...Object.fromEntries(fields),
    previous: before.hash,
  });
  const seal = Buffer.from(vault.seal(new Uint8Array(), placeOf(entries, text))).toString('base64');
  const line = `${text.slice(0, -1)},"seal":"${seal}"}`;
  return { line: `${line}\n`, head: { entries, hash: hashOf(line) } };
}

/** The entry in a line (without its end), which must follow `before`; or what is wrong with it. */
export function readEntry(
  vault: Vault,
  before: Head,
  line: string,
): { readonly entry: Entry; readonly head: Head } | { readonly flaw: Flaw } {
  const [, body, seal] = SEAL.exec(line) ?? [];
  const entry = body === undefined ? undefined : parsed(`${body}}`);
  if (entry === undefined || body === undefined || seal === undefined) return { flaw: 'damaged' };
  const head = { entries: entry.entry, hash: hashOf(line) };
  try {
    vault.open(Buffer.from(seal, 'base64'), placeOf(entry.entry, `${body}}`));
  } catch {
    return { flaw: 'edited' };
  }
  const follows = entry.entry === before.entries + 1 && entry.previous === before.hash;
  return follows ? { entry, head } : { flaw: 'misplaced' };
}

function parsed(text: string): Entry | undefined {
  try {
    return JSON.parse(text) as Entry;
  } catch {
    return undefined;
  }
}

const hashOf = (text: string): string =>
  createHash('sha256').update(DOMAIN).update(text).digest('hex');

/** An empty record, sealed in a place that only this entry has: a MAC over its number and hash. */
const placeOf = (entry: number, text: string): Place => ({
  purpose: 'audit',
  job: hashOf(text),
  step: entry,
});

const short = (value: string | number | undefined): string | number =>
  typeof value === 'string' ? value.slice(0, MOST_TEXT) : (value ?? '');
