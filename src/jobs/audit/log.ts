/** The audit log as a worker writes it: each entry on disk before what it tells of goes on. */
import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { asSottoError, SottoError } from '../../base/errors.ts';
import type { Vault } from '../../base/sealed.ts';
import {
  anchorFile,
  checkAudit,
  logFile,
  NO_PEER_HEAD,
  type PeerHead,
  rememberedHeads,
  sealAnchor,
} from './check.ts';
import { type Head, writeEntry } from './entries.ts';
import type { AuditEvent } from './events.ts';

export interface AuditParts {
  readonly stateDir: string;
  readonly vault: Vault;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export class AuditLog implements Disposable {
  readonly #parts: AuditParts;
  readonly #file: number;
  /** Of all entries: peers remember some of them. */
  readonly #hashes: Set<string>;
  readonly #remembered: Map<string, PeerHead>;
  #head: Head;
  /** Of the file, up to the last entry that was written whole. */
  #bytes: number;

  /** @throws verification-failed naming the first entry that does not hold: nothing is appended to a forged log. */
  constructor(parts: AuditParts) {
    const { stateDir, vault } = parts;
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    const { head, hashes, entries, wholeBytes, bad } = checkAudit(stateDir, vault);
    if (bad !== undefined) {
      throw new SottoError('verification-failed', 'the audit log does not hold', { ...bad });
    }
    this.#parts = parts;
    this.#head = head;
    this.#hashes = new Set(hashes);
    this.#remembered = rememberedHeads(entries);
    this.#bytes = wholeBytes;
    this.#file = openSync(logFile(stateDir), 'a', 0o600);
    ftruncateSync(this.#file, wholeBytes); // what a crash left of a line
  }

  get head(): Head {
    return this.#head;
  }

  /** The head of that peer's log as it last told it. */
  remembered(peer: string): PeerHead {
    return this.#remembered.get(peer) ?? NO_PEER_HEAD;
  }

  /** Whether this log has what a peer remembers of it. */
  has({ exchanges, hash }: PeerHead): boolean {
    return exchanges === 0 || this.#hashes.has(hash);
  }

  /** Durable when it returns. @throws internal when the disk does not take it, peer-unavailable when it is full: then nothing else may happen either. */
  note(event: AuditEvent): void {
    const { vault, now } = this.#parts;
    const { line, head } = writeEntry(vault, this.#head, now(), event);
    try {
      append(this.#file, Buffer.from(line));
    } catch (cause) {
      ftruncateSync(this.#file, this.#bytes); // so that the next entry does not follow half a line
      const error = asSottoError(cause);
      if (error.code !== 'internal') throw error;
      throw new SottoError('internal', 'the audit log cannot be written', error.facts, { cause });
    }
    this.#head = head;
    this.#bytes += Buffer.byteLength(line);
    this.#hashes.add(head.hash);
    if (event.event === 'heads-exchanged') {
      this.#remembered.set(event.peer, { exchanges: event.exchange, hash: event.peerHead });
    }
    this.#anchor();
  }

  /** Beside, then over it. An anchor that is one entry behind is as good: only a log that is behind is cut. */
  #anchor(): void {
    const { stateDir, vault } = this.#parts;
    const beside = `${anchorFile(stateDir)}.new`;
    const file = openSync(beside, 'w', 0o600);
    try {
      append(file, sealAnchor(vault, this.#head));
    } finally {
      closeSync(file);
    }
    renameSync(beside, anchorFile(stateDir));
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}

function append(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
  fsyncSync(file);
}
