/**
 * What a job has done so far, durably: a sealed record for each step that is complete, in a file
 * that only grows.
 *
 *   record = length (4) | attempt (4) | place in the list of steps (4) | sealed content
 *   content, length-prefixed = chain before | epoch | name | state
 *
 * The chain runs through all steps from the agreement on. A record stands for the place that it
 * names, and takes the place of what was there and behind: a step that was done again in a later
 * epoch. Whatever cannot be read ends the list: a record torn by a crash was never acknowledged, and
 * if it is damage of another kind, the peer knows of steps that are missing here (see resume.ts).
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type Bytes, concat, equalBytes, lengthPrefixed } from '../base/bytes.ts';
import { asSottoError, SottoError } from '../base/errors.ts';
import type { Place, Vault } from '../base/sealed.ts';
import { agreementHash } from './agreement.ts';
import type { Disk, GrowingFile } from './disk.ts';

const HEAD_BYTES = 12;

/** A step that is complete. */
export interface Step {
  readonly name: string;
  /** What the role goes on from. */
  readonly state: Uint8Array;
  /** In which the step was done. */
  readonly attempt: number;
  /** Hash of the agreement and of the names and epochs of all steps so far: equal at both parties. */
  readonly chain: Uint8Array;
}

/** When a step is done: the attempt's number, and what both parties' coins made of it. */
export interface Epoch {
  readonly attempt: number;
  /** 32 bytes, never the same twice. */
  readonly id: Uint8Array;
}

/** The journals of a worker: `<folder>/<job id>`, gone when the job has ended. */
export class Journals {
  readonly #disk: Disk;
  readonly #vault: Vault;
  readonly #folder: string;

  constructor(disk: Disk, vault: Vault, folder: string) {
    this.#disk = disk;
    this.#vault = vault;
    this.#folder = folder;
  }

  async open(jobId: string, agreement: Uint8Array): Promise<Journal> {
    const file = await this.#disk.open(join(this.#folder, jobId));
    return Journal.read(file, this.#vault, { jobId, root: agreementHash(agreement) });
  }

  /** Shares and results of a job that has ended are nobody's any more. */
  remove(jobId: string): Promise<void> {
    return this.#disk.remove(join(this.#folder, jobId));
  }

  /** Those of which `isOver` says that the job has ended: a worker may have ended right before their removal. */
  async sweep(isOver: (jobId: string) => boolean): Promise<void> {
    for (const jobId of await this.#disk.list(this.#folder)) {
      if (isOver(jobId)) await this.remove(jobId);
    }
  }
}

interface Identity {
  readonly jobId: string;
  /** Where the chain begins. */
  readonly root: Uint8Array;
}

/** Dispose of it to let a later attempt open it. */
export class Journal implements AsyncDisposable {
  readonly #file: GrowingFile;
  readonly #vault: Vault;
  readonly #identity: Identity;
  readonly #steps: Step[] = [];
  /** Of the file, as far as it can be read. */
  #length = 0;
  #progress = 0;
  #writing: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(file: GrowingFile, vault: Vault, identity: Identity) {
    this.#file = file;
    this.#vault = vault;
    this.#identity = identity;
  }

  static async read(file: GrowingFile, vault: Vault, identity: Identity): Promise<Journal> {
    const journal = new Journal(file, vault, identity);
    const bytes = await file.read();
    for (;;) {
      const record = journal.#next(bytes.subarray(journal.#length));
      if (record === undefined) return journal;
      journal.#take(record.place, record.step);
      journal.#length += record.bytes;
    }
  }

  get steps(): readonly Step[] {
    return this.#steps;
  }

  /** The attempt in which the job first came as far as it ever did; 0 before any step. */
  get progressIn(): number {
    return this.#progress;
  }

  /**
   * Adds a step at a place of the list, 0 or more, whatever was there and behind; durable when it
   * resolves. @throws peer-unavailable when the disk is full, internal when it fails.
   */
  append(place: number, epoch: Epoch, name: string, state: Uint8Array): Promise<void> {
    this.#writing = this.#writing.then(() => this.#append(place, epoch, name, state));
    return this.#writing;
  }

  /** Waits for what is being written; nothing is added afterwards. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#writing.catch(() => {});
    await this.#file.close();
  }

  async #append(place: number, epoch: Epoch, name: string, state: Uint8Array): Promise<void> {
    if (this.#closed) throw new SottoError('cancelled', 'the attempt is over');
    const before = this.#chainBefore(place);
    const content = lengthPrefixed(before, epoch.id, name, state);
    const sealed = this.#vault.seal(content, this.#placeOf(epoch.attempt, place));
    const record = concat(headOf(sealed.length, epoch.attempt, place), sealed);
    await this.#write(record);
    this.#length += record.length;
    const chain = chained(before, name, epoch.id);
    this.#take(place, { name, state, attempt: epoch.attempt, chain });
  }

  async #write(record: Uint8Array): Promise<void> {
    try {
      // Whatever is behind could not be read, and would hide this record.
      await this.#file.truncate(this.#length);
      for (let at = 0; at < record.length; ) {
        at += await this.#file.write(record.subarray(at), this.#length + at);
      }
      await this.#file.sync();
    } catch (thrown) {
      // After a failed sync a file may be read as if it had been written: nothing of it counts.
      await this.#file.truncate(this.#length).catch(() => {});
      this.#closed = true;
      throw unwritten(thrown);
    }
  }

  #next(bytes: Uint8Array): { place: number; step: Step; bytes: number } | undefined {
    if (bytes.length < HEAD_BYTES) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const end = HEAD_BYTES + view.getUint32(0);
    const [attempt, place] = [view.getUint32(4), view.getUint32(8)];
    if (end > bytes.length || place > this.#steps.length) return undefined;
    const content = this.#open(bytes.subarray(HEAD_BYTES, end), attempt, place);
    if (content === undefined) return undefined;
    const [before, epoch, name, state] = fieldsOf(content) as [Bytes, Bytes, Bytes, Bytes];
    if (!equalBytes(before, this.#chainBefore(place))) return undefined;
    const text = Buffer.from(name).toString();
    const step = { name: text, state, attempt, chain: chained(before, text, epoch) };
    return { place, step, bytes: end };
  }

  #open(sealed: Uint8Array, attempt: number, place: number): Bytes | undefined {
    try {
      return this.#vault.open(sealed, this.#placeOf(attempt, place));
    } catch (thrown) {
      if (thrown instanceof SottoError && thrown.code === 'verification-failed') return undefined;
      throw thrown;
    }
  }

  #take(place: number, step: Step): void {
    this.#steps.length = place;
    this.#steps.push(step);
    if (this.#steps.length > this.#furthest) {
      this.#furthest = this.#steps.length;
      this.#progress = step.attempt;
    }
  }
  #furthest = 0;

  #chainBefore(place: number): Uint8Array {
    return place === 0 ? this.#identity.root : this.#steps[place - 1]!.chain;
  }

  #placeOf(attempt: number, place: number): Place {
    return { purpose: 'journal', job: this.#identity.jobId, epoch: attempt, step: place };
  }
}

const chained = (before: Uint8Array, name: string, epoch: Uint8Array): Bytes =>
  Uint8Array.from(
    createHash('sha256')
      .update(lengthPrefixed('sotto step', before, name, epoch))
      .digest(),
  );

function headOf(sealedBytes: number, attempt: number, place: number): Bytes {
  const head = new Uint8Array(HEAD_BYTES);
  const view = new DataView(head.buffer);
  view.setUint32(0, sealedBytes);
  view.setUint32(4, attempt);
  view.setUint32(8, place);
  return head;
}

/** The fields of length-prefixed bytes that this worker sealed itself. */
function fieldsOf(bytes: Bytes): Bytes[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields: Bytes[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = view.getUint32(at);
    fields.push(bytes.slice(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return fields;
}

/** A full disk may have room again; a disk that fails may have lost anything. */
function unwritten(thrown: unknown): SottoError {
  const error = asSottoError(thrown);
  if (error.code !== 'internal') return error;
  return new SottoError('internal', 'the journal could not be written', error.facts, {
    cause: thrown,
  });
}
