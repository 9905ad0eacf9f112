/** The first record of a CSV file: the names of its columns, read without guessing (RFC 4180). */
import { open } from 'node:fs/promises';
import { SottoError } from '../base/errors.ts';

/** More than any table of named columns needs; a file without a line break stops here. */
const MOST_HEADER_BYTES = 1 << 20;

/** Unique, non-empty names in file order. The first byte order mark, if any, belongs to no name. */
export async function readCsvHeader(path: string, delimiter: string): Promise<string[]> {
  const bytes = await firstRecord(path);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new SottoError('invalid-argument', 'line 1 is not UTF-8', { line: 1 }, { cause });
  }
  const names = splitRecord(text.replace(/\r$/, ''), delimiter);
  const empty = names.indexOf('');
  if (empty >= 0) {
    throw new SottoError('invalid-argument', `column ${empty + 1} has no name in the header`, {
      column: empty + 1,
    });
  }
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) {
    throw new SottoError('invalid-argument', `two columns are called '${twice}'`, {
      column: twice,
    });
  }
  return names;
}

/** Bytes up to the first line feed outside quotes. */
async function firstRecord(path: string): Promise<Uint8Array> {
  await using file = await open(path);
  const stream = file.createReadStream({ end: MOST_HEADER_BYTES - 1, autoClose: false });
  const chunks: Uint8Array[] = [];
  let length = 0;
  let quoted = false;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    for (const [index, byte] of chunk.entries()) {
      if (byte === 0x22) quoted = !quoted;
      if (byte === 0x0a && !quoted) {
        chunks.push(chunk.subarray(0, index));
        return Buffer.concat(chunks);
      }
    }
    chunks.push(chunk);
    length += chunk.length;
    if (length >= MOST_HEADER_BYTES) break;
  }
  if (length >= MOST_HEADER_BYTES) {
    throw new SottoError('invalid-argument', 'the header of the file does not end', {
      limitBytes: MOST_HEADER_BYTES,
    });
  }
  return Buffer.concat(chunks);
}

/** The fields of one record without line breaks, unquoted. */
export function splitRecord(record: string, delimiter: string): string[] {
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  for (let i = 0; i < record.length; i++) {
    const char = record[i]!;
    if (char === '"') {
      // A doubled quote inside quotes is one quote (RFC 4180 §2.7).
      if (quoted && record[i + 1] === '"') field += record[++i];
      else quoted = !quoted;
    } else if (char === delimiter && !quoted) {
      fields.push(field);
      field = '';
    } else field += char;
  }
  return [...fields, field];
}
