/** Frames of a conversation: changed on the wire, or made by a peer that seals whatever it likes. */
import { asSottoError } from '../../../src/base/errors.ts';
import { Channel } from '../../../src/channel/channel.ts';
import { KIND, type Kind } from '../../../src/channel/frames.ts';
import { inlineCompute } from '../../../src/compute/inline.ts';
import {
  AlignConfirmationSchema,
  AlignPointsSchema,
} from '../../../src/gen/sotto/protocol/v1/psi_pb.ts';
import type { Party, Run } from '../../../src/protocols/party.ts';
import { decodeFrame, encodeFrame } from '../../../src/rpc/frame-codec.ts';
import { faulty } from '../../support/faulty.ts';
import { memoryPair } from '../../support/memory-pair.ts';
import { below, mutateBytes, mutateMessage, oneOf, type Word } from '../mutations.ts';
import { opening, type Part, partsOf, playFrames, sealed } from '../scripted.ts';
import type { Case, Target } from '../target.ts';

const LONG = new Uint8Array(1_100_000).fill(5);
const TIMEOUT_MS = 100;

/** Says a short and a long message, hears a short one, and finishes. */
async function speak(channel: Channel): Promise<void> {
  await channel.send(AlignConfirmationSchema, { digest: new Uint8Array(32) });
  await channel.send(AlignPointsSchema, { points: LONG });
  await channel.receive(AlignConfirmationSchema, 64);
  await channel.finish();
}

async function listen(channel: Channel): Promise<void> {
  await channel.receive(AlignConfirmationSchema, 64);
  await channel.receive(AlignPointsSchema, LONG.length + 16);
  await channel.send(AlignConfirmationSchema, { digest: new Uint8Array(32) });
  await channel.finish();
}

/** Frames that either side writes in this conversation. */
const WRITTEN = [7, 4] as const;

/** One frame of one side changed under way. Both must end, and neither may end well alone but for the last word. */
async function onTheWire(word: Word): Promise<'refused' | 'accepted'> {
  const [one, other] = memoryPair(4 << 20);
  const side = below(word, 2) as 0 | 1;
  const number = below(word, WRITTEN[side]);
  const [kind, from] = [word() % 6, below(word, 1 << 16)];
  const bad = faulty(side === 0 ? one : other, number, (frame, before) => {
    if (kind === 0) return [];
    if (kind === 1) return [frame, frame];
    if (kind === 2 && before.length > 0) return [before[from % before.length]!];
    if (kind === 3 && before.length > 0) return [before[from % before.length]!, frame];
    return [mutateBytes(frame, word, before.at(-1))];
  });
  const ends = side === 0 ? [bad, other] : [one, bad];
  const run = async (place: 0 | 1, play: (channel: Channel) => Promise<void>) => {
    const channel = new Channel(ends[place]!, { timeoutMs: TIMEOUT_MS });
    try {
      await play(channel);
      return undefined;
    } catch (thrown) {
      const error = asSottoError(thrown);
      if (error.code === 'internal') throw thrown;
      await channel.fail(error);
      return error;
    }
  };
  const [first, second] = await Promise.all([run(0, speak), run(1, listen)]);
  return first === undefined && second === undefined ? 'accepted' : 'refused';
}

const bySealing: Target = {
  name: 'frames of a hostile peer',
  weight: 60,
  async prepare(): Promise<Case> {
    const honest: Part[] = [
      opening(),
      ...partsOf({
        typeName: AlignConfirmationSchema.typeName,
        bytes: Uint8Array.from([10, 32, ...new Uint8Array(32)]),
      }),
      ...partsOf({ typeName: AlignPointsSchema.typeName, bytes: pointsMessage() }),
    ];
    const role = { play: hear, compute: inlineCompute(), coins: 'frames' };
    await playFrames(role, sealed(honest));
    return (word) => {
      const parts = [...honest];
      const at = below(word, parts.length);
      const { kind, body } = parts[at]!;
      const kinds = [...Object.values(KIND), 0, 7, 255] as readonly Kind[];
      const change = word() % 6;
      if (change === 0) parts.splice(at, 1);
      else if (change === 1) parts.splice(at, 0, parts[at]!);
      else if (change === 2) parts[at] = { kind: oneOf(word, kinds), body };
      else if (change === 3)
        parts.splice(at, 0, { kind: KIND.more, body: body.subarray(0, below(word, 9)) });
      else parts[at] = { kind, body: mutateBytes(body, word, oneOf(word, honest).body) };
      return playFrames(role, [...sealed(parts), ...sealed([{ kind: KIND.abort, body }])]);
    };
  },
};

async function* hear({ channel }: Party): Run<void> {
  await channel.receive(AlignConfirmationSchema, 64);
  yield { phase: 'hear', fraction: 0.5 };
  await channel.receive(AlignPointsSchema, LONG.length + 16);
}

const pointsMessage = (): Uint8Array =>
  Uint8Array.from([...[10, 0xe0, 0x91, 0x43], ...new Uint8Array(1_100_000)]);

const byTheWire: Target = {
  name: 'frames changed on the wire',
  weight: 40,
  prepare: async () => onTheWire,
};

/** The gRPC message around a frame. Not a frame is not an error here: it is told by `undefined`. */
const codec: Target = {
  name: 'frame messages',
  weight: 20,
  prepare: async () => {
    const honest = encodeFrame(new Uint8Array(300).fill(7));
    return (word) =>
      decodeFrame(mutateMessage(honest, word)) === undefined ? 'refused' : 'accepted';
  },
};

export const frameTargets: readonly Target[] = [bySealing, byTheWire, codec];
