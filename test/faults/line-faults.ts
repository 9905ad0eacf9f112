/** What is done to a line of TCP in the middle of something, and for how long. */
import type { TcpProxy } from '../support/proxy.ts';

/** Longer than a deadline for a frame, shorter than that for a peer. */
const WHILE_MS = 2_500;
const JITTER_MS = 60;

/** Lasts until it is mended, or for ever. */
const forAWhile = (line: TcpProxy, begin: () => void): void => {
  begin();
  setTimeout(() => line.mend(), WHILE_MS).unref();
};

export const LINE_FAULTS: Readonly<Record<string, (line: TcpProxy) => void>> = {
  reset: (line) => line.reset(),
  'blackhole up, for a while': (line) => forAWhile(line, () => line.blackhole('up')),
  'blackhole down, for a while': (line) => forAWhile(line, () => line.blackhole('down')),
  'blackhole up, for ever': (line) => line.blackhole('up'),
  'blackhole down, for ever': (line) => line.blackhole('down'),
  jitter: (line) => line.jitter(JITTER_MS),
  '1 B/s, for a while': (line) => forAWhile(line, () => line.trickle(1)),
  '1 B/s, for ever': (line) => line.trickle(1),
  'a byte lost': (line) => line.truncate(),
  'a bit flipped': (line) => line.flip(),
};

/** How a party's end of a line waits: a line that died is noticed within seconds. */
export const LINE_LIMITS = {
  connectMs: 3_000,
  handshakeMs: 3_000,
  stallMs: 5_000,
  callMs: 4_000,
  drainMs: 100,
  keepaliveMs: 1_000,
  keepaliveTimeoutMs: 1_500,
  backoffFirstMs: 20,
  backoffMostMs: 200,
};

/** Where in a run a fault begins, as shares of the bytes of an undisturbed one. */
export const MOMENTS = [0.3, 0.6, 0.9] as const;
