/** A slower line: any transport with a round-trip time and a bandwidth. */
import { setTimeout as sleep } from 'node:timers/promises';
import { SottoError } from '../../src/base/errors.ts';
import { MAX_FRAME_BYTES, type Transport } from '../../src/channel/transport.ts';

export interface Shape {
  readonly rttMs: number;
  readonly mbitPerSecond: number;
}

/**
 * What this end writes arrives half a round trip later, and no faster than the line carries it.
 * Shape both ends for a line that is slow both ways.
 */
export function shaped(transport: Transport, { rttMs, mbitPerSecond }: Shape): Transport {
  if (!(rttMs >= 0) || !(mbitPerSecond > 0)) {
    throw new SottoError('invalid-argument', 'a line needs a bandwidth, and no negative delay', {
      rttMs,
      mbitPerSecond,
    });
  }
  // What fits on the line itself, and a little: beyond it the writer waits for the reader.
  const windowBytes = (mbitPerSecond / 8) * 1e3 * rttMs + 4 * MAX_FRAME_BYTES;
  let underWay = 0;
  let freeAt = 0;
  let delivered: Promise<void> = Promise.resolve();
  let failure: unknown;

  const deliver = async (frame: Uint8Array, before: Promise<void>, at: number): Promise<void> => {
    await Promise.all([before, sleep(Math.max(0, at - performance.now()))]);
    try {
      await transport.write(frame);
    } catch (thrown) {
      failure ??= thrown;
    }
    underWay -= frame.length;
  };
  return {
    write: async (frame) => {
      if (failure !== undefined) throw failure;
      const seconds = (frame.length * 8) / (mbitPerSecond * 1e6);
      freeAt = Math.max(freeAt, performance.now()) + seconds * 1000;
      // A copy, as the caller may use its buffer again once the line has taken the frame.
      delivered = deliver(frame.slice(), delivered, freeAt + rttMs / 2);
      underWay += frame.length;
      await sleep(Math.max(0, freeAt - performance.now()));
      if (underWay > windowBytes) await delivered;
    },
    read: () => transport.read(),
    close: async () => {
      await delivered;
      await transport.close();
    },
  };
}
