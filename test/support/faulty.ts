/** A transport that does to chosen frames what networks and cheats do. */

import type { Transport } from '../../src/channel/transport.ts';
import { memoryPair } from './memory-pair.ts';

/** What is delivered in place of the frame, given those that were written before it. */
export type Fault = (frame: Uint8Array, before: readonly Uint8Array[]) => readonly Uint8Array[];

/** Calls `fault` for the frame with this number (from 0) that this end writes. */
export function faulty(transport: Transport, number: number, fault: Fault): Transport {
  const before: Uint8Array[] = [];
  return {
    ...transport,
    write: async (frame) => {
      const copy = frame.slice();
      const delivered = before.length === number ? fault(copy, before) : [copy];
      before.push(copy);
      for (const each of delivered) await transport.write(each);
    },
  };
}

/** A memory pair whose one end is faulty. */
export function faultyPair(
  end: 0 | 1,
  number: number,
  fault: Fault,
): readonly [Transport, Transport] {
  const [one, other] = memoryPair();
  return end === 0 ? [faulty(one, number, fault), other] : [one, faulty(other, number, fault)];
}

/** Faults of a single frame that keep the pipe alive. */
export const FAULTS: Readonly<Record<string, () => Fault>> = {
  drop: () => () => [],
  duplicate: () => (frame) => [frame, frame],
  replay: () => (frame, before) => [...before.slice(-1), frame],
  truncate: () => (frame) => [frame.subarray(0, frame.length - 1)],
  extend: () => (frame) => [Uint8Array.from([...frame, 0])],
  'flip the first bit': () => (frame) => [flipped(frame, 0)],
  'flip a bit of the sequence number': () => (frame) => [flipped(frame, 4)],
  'flip a bit of the tag': () => (frame) => [flipped(frame, 7)],
  'flip the last bit': () => (frame) => [flipped(frame, frame.length - 1)],
  empty: () => () => [new Uint8Array(0)],
};

export function flipped(frame: Uint8Array, at: number): Uint8Array {
  const copy = frame.slice();
  copy[at]! ^= 1;
  return copy;
}

/** Delivers frame `number` after the one that follows it. */
export function swapping(transport: Transport, number: number): Transport {
  let written = 0;
  let held: Uint8Array | undefined;
  return {
    ...transport,
    write: async (frame) => {
      const place = written++;
      if (place === number) {
        held = frame.slice();
        return;
      }
      await transport.write(frame);
      if (held !== undefined) {
        await transport.write(held);
        held = undefined;
      }
    },
  };
}
