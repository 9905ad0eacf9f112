/**
 * How far a sealing got: written often, so that a process that was killed goes on, and never seals a row twice. Sealed
 * itself: whoever could change it would have rows cut or sealed under a salt of his choice.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { lengthPrefixed, toHex, utf8 } from '../base/bytes.ts';
import { asSottoError } from '../base/errors.ts';
import type { Place, Vault } from '../base/sealed.ts';
import type { TagField } from '../gen/sotto/tag/v1/tag_pb.ts';
import { sha256 } from '../primitives/hashing/index.ts';
import { writeWhole } from './files.ts';

/** What is fixed when a sealing begins. With another table or other settings, it begins anew, under a new salt. */
export interface Plan {
  readonly versionId: string;
  readonly epoch: number;
  readonly kind: 'whole' | 'delta';
  /** Hex, as are all bytes here. */
  readonly salt: string;
  /** Of the buckets' rows, where there are any. */
  readonly bucketSalt: string;
  /** SHA-256 of everything that the rows depend on. */
  readonly origin: string;
  readonly fingerprintBytes: number;
  readonly recordBytes: number;
  /** Files among which rows are dealt out. */
  readonly parts: number;
  /** Ids that no source has. */
  readonly canaries: readonly string[];
}

export interface Checkpoint {
  readonly plan: Plan;
  readonly phase: 'rows' | 'padding' | 'segments';
  /** Of the source. */
  readonly rowsRead: number;
  /** Of the layer, padding and removals included. */
  readonly rowsSealed: number;
  /** Bytes of each file of rows, of the index, and of the buckets' rows. */
  readonly lengths: readonly number[];
  readonly indexLengths: readonly number[];
  readonly bucketLengths: readonly number[];
}

/** Whose sealing it is, and what its checkpoint is sealed by. */
interface Sealing {
  readonly vault: Vault;
  readonly dataset: string;
  readonly tenant: string;
}

const file = (folder: string): string => join(folder, 'checkpoint.sealed');
const placeOf = ({ dataset, tenant }: Sealing): Place => ({
  purpose: 'tag-checkpoint',
  job: JSON.stringify([dataset, tenant]),
});

export function writeCheckpoint(folder: string, sealing: Sealing, checkpoint: Checkpoint): void {
  const bytes = utf8(JSON.stringify(checkpoint));
  writeWhole(file(folder), sealing.vault.seal(bytes, placeOf(sealing)));
}

/** Undefined also for one that was changed: what it went with is sealed again, under another salt. */
export function readCheckpoint(folder: string, sealing: Sealing): Checkpoint | undefined {
  if (!existsSync(file(folder))) return undefined;
  try {
    const opened = sealing.vault.open(readFileSync(file(folder)), placeOf(sealing));
    return JSON.parse(Buffer.from(opened).toString()) as Checkpoint;
  } catch (thrown) {
    if (asSottoError(thrown).code === 'verification-failed') return undefined;
    throw thrown;
  }
}

export function forget(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** What the rows of a layer depend on. A row key may seal one record only: nothing may be missing here. */
export function originOf(parts: {
  readonly source: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly fields: readonly TagField[];
  readonly settings: object;
  readonly previous: Uint8Array;
}): string {
  const { source, publicKey, fields, settings, previous } = parts;
  const shown = fields.map(({ number, name, type, words, maxBytes }) => [
    number,
    name,
    type,
    words,
    maxBytes,
  ]);
  const text = JSON.stringify([shown, settings]);
  return toHex(sha256('sotto tag origin 1', lengthPrefixed(source, publicKey, previous, text)));
}
