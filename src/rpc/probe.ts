/** How a peer is reached: round trip, throughput both ways and the difference of the clocks, by calls that do nothing. */
import { create } from '@bufbuild/protobuf';
import { SottoError } from '../base/errors.ts';
import { decode } from '../channel/decode.ts';
import { PeerService, ProbeRequestSchema } from '../gen/sotto/peer/v1/peer_pb.ts';
import type { Identity } from './certificate.ts';
import type { OwnTls } from './credentials.ts';
import { Dial } from './dial.ts';
import { callUnary } from './grpc.ts';
import { DEFAULT_RPC_LIMITS, MOST_PROBE_BYTES } from './limits.ts';
import { patience } from './patience.ts';

export interface Probed {
  readonly roundTripMs: number;
  readonly upBytesPerSecond: number;
  readonly downBytesPerSecond: number;
  /** How far the peer's clock is ahead of ours, to within half a round trip. */
  readonly clockAheadMs: number;
}

const ROUNDS = 5;
/** Long enough that the line is full for most of it. */
const BULK_CALLS = 8;
const CALL_MS = 20_000;

/** @throws unauthenticated when either refuses the other's certificate, peer-unavailable when nobody answers. */
export async function probePeer(
  line: { readonly own: OwnTls; readonly peer: Identity; readonly address: string },
  connectMs: number,
): Promise<Probed> {
  const dial = new Dial({ ...line, limits: { ...DEFAULT_RPC_LIMITS, connectMs } });
  const absent = new SottoError('peer-unavailable', 'the peer does not answer', {
    peer: line.peer.name,
  });
  try {
    using wait = patience(connectMs, new AbortController().signal, absent);
    const client = await dial.connect(wait);
    const call = async (sent: number, answerBytes: number) => {
      const request = create(ProbeRequestSchema, { load: new Uint8Array(sent), answerBytes });
      const since = performance.now();
      const startMs = Date.now();
      const answer = await callUnary(client, PeerService.method.probe, request, {
        deadlineMs: CALL_MS,
        read: decode,
      });
      const ms = performance.now() - since;
      return { ms, aheadMs: Number(answer.timeMs) - (startMs + ms / 2) };
    };
    const small = [];
    for (let round = 0; round < ROUNDS; round++) small.push(await call(0, 0));
    const [fastest] = small.toSorted((a, b) => a.ms - b.ms); // the least disturbed
    const rate = async (sent: number, answered: number): Promise<number> => {
      const since = performance.now();
      await Promise.all(Array.from({ length: BULK_CALLS }, () => call(sent, answered)));
      return (BULK_CALLS * MOST_PROBE_BYTES * 1000) / (performance.now() - since);
    };
    return {
      roundTripMs: fastest!.ms,
      clockAheadMs: fastest!.aheadMs,
      upBytesPerSecond: await rate(MOST_PROBE_BYTES, 0),
      downBytesPerSecond: await rate(0, MOST_PROBE_BYTES),
    };
  } finally {
    dial.close();
  }
}
