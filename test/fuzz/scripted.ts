/** A peer that reads nothing and says what a script says, in frames that are sealed as an honest peer's are. */
import { concat } from '../../src/base/bytes.ts';
import { Channel } from '../../src/channel/channel.ts';
import {
  headOf,
  KIND,
  type Kind,
  MAX_BODY_BYTES,
  openingBody,
  Transcript,
} from '../../src/channel/frames.ts';
import type { Transport } from '../../src/channel/transport.ts';
import type { Compute } from '../../src/compute/compute.ts';
import type { Party, Run } from '../../src/protocols/party.ts';
import { seededRandom } from '../support/random.ts';
import type { Recorded } from '../support/recorder.ts';
import type { Ending } from './target.ts';

/** A body and its kind, before it is sealed. */
export interface Part {
  readonly kind: Kind;
  readonly body: Uint8Array;
}

const NONCE = new Uint8Array(16).fill(9);
/** A role that waits for more than the script says is told so, and need not wait. */
const EPILOGUE: Part = { kind: KIND.finish, body: new Uint8Array(64) };
/** For a role that waits all the same. */
const TIMEOUT_MS = 1_000;

export const opening = (context = new Uint8Array(0)): Part => ({
  kind: KIND.open,
  body: openingBody(NONCE, context),
});

/** A message as frames carry it. */
export function partsOf({ typeName, bytes }: Pick<Recorded, 'typeName' | 'bytes'>): Part[] {
  const head = headOf(typeName, bytes.length);
  const first = MAX_BODY_BYTES - head.length;
  const parts: Part[] = [{ kind: KIND.head, body: concat(head, bytes.subarray(0, first)) }];
  for (let at = first; at < bytes.length; at += MAX_BODY_BYTES) {
    parts.push({ kind: KIND.more, body: bytes.subarray(at, at + MAX_BODY_BYTES) });
  }
  return parts;
}

export function sealed(parts: readonly Part[], context = new Uint8Array(0)): Uint8Array[] {
  const transcript = new Transcript(NONCE, context);
  return parts.map(({ kind, body }) => transcript.seal(kind, body));
}

/** Delivers these frames and takes everything that is written. Reads beyond the last wait. */
export function scripted(frames: readonly Uint8Array[]): Transport {
  const left = [...frames];
  const { promise: closed, resolve } = Promise.withResolvers<undefined>();
  return {
    write: () => Promise.resolve(),
    read: () => (left.length > 0 ? Promise.resolve(left.shift()) : closed),
    close: async () => resolve(undefined),
  };
}

export interface RoleUnderTest {
  readonly play: (party: Party) => Run<unknown>;
  readonly compute: Compute;
  /** Of its coins: the script answers what the role says with just these. */
  readonly coins: string;
}

/** Plays the role against the script to its own end: its value is taken, the conversation's end is not awaited. */
export async function playAgainst(role: RoleUnderTest, parts: readonly Part[]): Promise<Ending> {
  const frames = sealed([opening(), ...parts, EPILOGUE]);
  return playFrames(role, frames);
}

export async function playFrames(
  { play, compute, coins }: RoleUnderTest,
  frames: readonly Uint8Array[],
): Promise<Ending> {
  const ended = new AbortController();
  const channel = new Channel(scripted(frames), { timeoutMs: TIMEOUT_MS, signal: ended.signal });
  const signal = AbortSignal.any([ended.signal, channel.ended]);
  const run = play({ channel, compute, random: seededRandom(coins), signal });
  try {
    for (let step = await run.next(); step.done !== true; ) step = await run.next();
    return 'accepted';
  } finally {
    // What the role began and nobody waits for any more ends here, not in the next case.
    ended.abort();
  }
}
