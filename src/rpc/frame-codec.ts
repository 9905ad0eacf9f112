/**
 * The one hot message, `{ bytes frame = 1; }` (ConverseRequest and ConverseResponse), by hand: the
 * same bytes as protobuf's own writer, with one copy less.
 */
import { MAX_FRAME_BYTES } from '../channel/transport.ts';

/** Field 1, length-delimited. */
const TAG = 0x0a;

/** A copy: the caller may change `frame` at once. */
export function encodeFrame(frame: Uint8Array): Buffer {
  const { length } = frame;
  if (length === 0) return Buffer.alloc(0); // proto3 does not write an empty field
  const head = [TAG];
  let left = length;
  for (; left > 0x7f; left >>>= 7) head.push((left & 0x7f) | 0x80);
  head.push(left);
  const message = Buffer.allocUnsafe(head.length + length);
  message.set(head);
  message.set(frame, head.length);
  return message;
}

/**
 * The frame, a view into `message`; undefined unless it is that one field and nothing else. Never a
 * Buffer: its `slice` would be a view where every other array's is a copy that may be given away.
 */
export function decodeFrame(message: Uint8Array): Uint8Array | undefined {
  if (message.length === 0) return new Uint8Array(0);
  if (message[0] !== TAG) return undefined;
  let length = 0;
  let at = 1;
  for (let shift = 0; ; shift += 7) {
    const byte = message[at++];
    if (byte === undefined || shift > 21) return undefined; // four digits: 2^28, far above a frame
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  if (length > MAX_FRAME_BYTES || message.length - at !== length) return undefined;
  return new Uint8Array(message.buffer, message.byteOffset + at, length);
}
