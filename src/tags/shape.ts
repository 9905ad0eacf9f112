/** The sizes that a sealed table shows to whoever holds it, and how little they say. */
import { SottoError } from '../base/errors.ts';

/** So small a table is padded to this: its true size is nobody's business either. */
const LEAST_ROWS = 256;
/** AES-GCM's authentication tag. */
export const AEAD_TAG_BYTES = 16;
/** A false hit is rarer than 2^-40 over all queries of an epoch. */
const FALSE_HIT_BITS = 40;
const FINGERPRINT_BYTES = { least: 8, most: 16 };
/** About what one download request should carry. */
const SEGMENT_BYTES = 8 << 20;
/** Beyond this, segments grow instead: the manifest, which lists them, has to fit into a gRPC trailer. */
const MOST_SEGMENTS = 64;

/** Rows after padding: the next of eight sizes in each octave, so at most an eighth is padding. */
export function sizeClass(rows: number): number {
  if (rows <= LEAST_ROWS) return LEAST_ROWS;
  const step = 2 ** (Math.ceil(Math.log2(rows)) - 4);
  return Math.ceil(rows / step) * step;
}

/** Long enough that `queries` look-ups among `rows` meet no other row's fingerprint but with probability 2^-40. */
export function fingerprintBytes(rows: number, queries: number): number {
  const bits = FALSE_HIT_BITS + Math.log2(rows) + Math.log2(Math.max(1, queries));
  const bytes = Math.max(FINGERPRINT_BYTES.least, Math.ceil(bits / 8));
  if (bytes <= FINGERPRINT_BYTES.most) return bytes;
  throw new SottoError('invalid-argument', 'so many rows and queries need too long a fingerprint', {
    bytes,
    most: FINGERPRINT_BYTES.most,
  });
}

export const isFingerprintBytes = (bytes: number): boolean =>
  bytes >= FINGERPRINT_BYTES.least && bytes <= FINGERPRINT_BYTES.most;

export interface RowShape {
  readonly fingerprintBytes: number;
  readonly recordBytes: number;
}

export const rowBytes = ({ fingerprintBytes, recordBytes }: RowShape): number =>
  fingerprintBytes + recordBytes + AEAD_TAG_BYTES;

/** A power of two, so that neighbouring segments of a finer division make one of a coarser. */
export function segmentCount(rows: number, shape: RowShape): number {
  const wanted = Math.max(1, (rows * rowBytes(shape)) / SEGMENT_BYTES);
  return Math.min(MOST_SEGMENTS, 2 ** Math.ceil(Math.log2(wanted)));
}

/** Which of `segments` a fingerprint belongs to: fingerprints are uniform, so each gets its share. */
export function segmentOf(fingerprint: Uint8Array, segments: number): number {
  const view = new DataView(fingerprint.buffer, fingerprint.byteOffset, fingerprint.byteLength);
  return Math.floor((view.getUint32(0) * segments) / 2 ** 32);
}
