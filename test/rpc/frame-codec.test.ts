/** Goal: the hand-written frame codec is protobuf's. Method: against protobuf-es, and arbitrary bytes. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { equalBytes } from '../../src/base/bytes.ts';
import { MAX_FRAME_BYTES } from '../../src/channel/transport.ts';
import { ConverseRequestSchema } from '../../src/gen/sotto/peer/v1/peer_pb.ts';
import { decodeFrame, encodeFrame } from '../../src/rpc/frame-codec.ts';

const lengths = [0, 1, 127, 128, 16_383, 16_384, 65_535, MAX_FRAME_BYTES];

test('a frame is encoded to the bytes that protobuf-es writes, and read back', () => {
  for (const length of lengths) {
    const frame = new Uint8Array(length).fill(0xa5);
    const expected = toBinary(ConverseRequestSchema, create(ConverseRequestSchema, { frame }));
    const message = encodeFrame(frame);
    expect(equalBytes(message, expected)).toBe(true);
    expect(equalBytes(decodeFrame(message)!, frame)).toBe(true);
  }
});

test('a frame above the limit, cut short, or followed by anything is refused', () => {
  expect(decodeFrame(encodeFrame(new Uint8Array(MAX_FRAME_BYTES + 1)))).toBeUndefined();
  const message = encodeFrame(new Uint8Array(300));
  for (let cut = 1; cut < message.length; cut++) {
    expect(decodeFrame(message.subarray(0, cut))).toBeUndefined();
  }
  expect(decodeFrame(Buffer.concat([message, Buffer.of(0)]))).toBeUndefined();
  expect(decodeFrame(Buffer.concat([message, message]))).toBeUndefined();
});

test('arbitrary bytes are refused, or are a frame that protobuf-es reads alike', () => {
  const likely = fc.tuple(fc.constant(0x0a), fc.uint8Array({ maxLength: 40 }));
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    likely.map(([tag, rest]) => Uint8Array.from([tag, ...rest])),
    likely.map(([tag, rest]) => Uint8Array.from([tag, rest.length, ...rest])),
  );
  fc.assert(
    fc.property(bytes, (message) => {
      const frame = decodeFrame(message);
      return (
        frame === undefined || equalBytes(frame, fromBinary(ConverseRequestSchema, message).frame)
      );
    }),
    { numRuns: 3_000 },
  );
});
