/** Bytes: joining, comparing, length-prefixing. */

/** Bytes that are ours to keep or change; a plain `Uint8Array` parameter is only read. */
export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
export const utf8 = (text: string): Bytes => encoder.encode(text);

export const toHex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');

export function concat(...parts: readonly Uint8Array[]): Bytes {
  const joined = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}

/**
 * Fields joined so that no two lists of fields give the same bytes: each is preceded by its length
 * (4 bytes, big-endian). Never a delimiter: an id may contain it.
 */
export function lengthPrefixed(...fields: readonly (Uint8Array | string)[]): Bytes {
  const parts = fields.map((field) => (typeof field === 'string' ? utf8(field) : field));
  const joined = new Uint8Array(parts.reduce((total, { length }) => total + 4 + length, 0));
  let at = 0;
  for (const part of parts) {
    for (let shift = 24; shift >= 0; shift -= 8) joined[at++] = part.length >>> shift;
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
