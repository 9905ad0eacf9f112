/**
 * Goal: no fault of the wire changes what a party believes it heard.
 * Method: a short conversation, once for each fault at each frame of each direction.
 */
import { describe, expect, test } from 'vitest';
import { asSottoError, type SottoError } from '../../src/base/errors.ts';
import { Channel } from '../../src/channel/channel.ts';
import { MAX_FRAME_BYTES, type Transport } from '../../src/channel/transport.ts';
import { ConverseRequestSchema as Bulk } from '../../src/gen/sotto/peer/v1/peer_pb.ts';
import { FAULTS, faulty, faultyPair, swapping } from '../support/faulty.ts';
import { memoryPair } from '../support/memory-pair.ts';

/** Each side says three messages in turns, the second in two frames: 7 frames with the ends. */
const TURNS = 3;
const FRAMES = 7;
const said = (who: number, turn: number): Uint8Array =>
  new Uint8Array(turn === 1 ? MAX_FRAME_BYTES : 10).fill(16 * who + turn);

interface Ending {
  readonly error?: SottoError;
  readonly heard: readonly Uint8Array[];
}

async function converse(transport: Transport, who: 0 | 1): Promise<Ending> {
  const channel = new Channel(transport, { timeoutMs: 200 });
  const heard: Uint8Array[] = [];
  try {
    for (let turn = 0; turn < TURNS; turn += 1) {
      if (who === 0) await channel.send(Bulk, { frame: said(who, turn) });
      heard.push((await channel.receive(Bulk, 2 * MAX_FRAME_BYTES)).frame);
      if (who === 1) await channel.send(Bulk, { frame: said(who, turn) });
    }
    await channel.finish();
    return { heard };
  } catch (thrown) {
    const error = asSottoError(thrown);
    await channel.fail(error);
    return { error, heard };
  }
}

const both = (ends: readonly [Transport, Transport]): Promise<[Ending, Ending]> =>
  Promise.all([converse(ends[0], 0), converse(ends[1], 1)]);

function expectTruth(endings: readonly [Ending, Ending]): void {
  for (const [who, { heard }] of endings.entries()) {
    for (const [turn, bytes] of heard.entries()) {
      expect(Buffer.compare(bytes, said(1 - who, turn))).toBe(0);
    }
  }
}

const NAMED = ['verification-failed', 'protocol-violation', 'deadline-exceeded'];

test('the conversation is as long as these tests assume', async () => {
  let frames = 0;
  const [left, right] = memoryPair();
  const counting: Transport = {
    ...left,
    write: (frame) => {
      frames += 1;
      return left.write(frame);
    },
  };
  const endings = await both([counting, right]);
  expect(endings.map(({ error }) => error)).toEqual([undefined, undefined]);
  expect(frames).toBe(FRAMES);
});

describe.each(Object.keys(FAULTS))('%s', (name) => {
  const from = name === 'replay' ? 1 : 0; // nothing comes before the first
  for (let frame = from; frame < FRAMES; frame += 1) {
    test(`frame ${frame}`, async () => {
      const endings = await both(faultyPair(0, frame, FAULTS[name]!()));
      expectTruth(endings);
      const [one, other] = endings;
      if (frame < FRAMES - 2) {
        expect(NAMED).toContain(other.error?.code);
        expect(one.error).toBeDefined();
      } else {
        // Nobody can know that the last word arrived; but by then all that was said is verified.
        expect([...NAMED, 'peer-unavailable', undefined]).toContain(other.error?.code);
        expect([one, other].map(({ heard }) => heard.length)).toEqual([TURNS, TURNS]);
      }
    });
  }
});

test.each(Array.from({ length: FRAMES - 1 }, (_, frame) => frame))(
  'frame %i after the one that follows it',
  async (frame) => {
    const [left, right] = memoryPair();
    const endings = await both([swapping(left, frame), right]);
    expectTruth(endings);
    expect(NAMED).toContain(endings[1].error?.code);
  },
);

test.each(Array.from({ length: FRAMES }, (_, frame) => frame))(
  'the pipe ends before frame %i',
  async (frame) => {
    const [left, right] = memoryPair();
    let written = 0;
    const cut: Transport = {
      ...left,
      write: async (bytes) => {
        if (written++ === frame) await left.close();
        await left.write(bytes);
      },
    };
    const endings = await both([cut, right]);
    expectTruth(endings);
    expect(endings[0].error?.code).toBe('peer-unavailable');
    expect(endings[1].error?.code).toBe('peer-unavailable');
  },
);

test('a party that hears itself notices at once', async () => {
  const [mouth, ear] = memoryPair();
  const mirror: Transport = { ...mouth, read: ear.read };
  const { error, heard } = await converse(mirror, 0);
  expect(error?.code).toBe('verification-failed');
  expect(heard).toEqual([]);
});

test('an old conversation played again is not believed', async () => {
  const tape: Uint8Array[] = [];
  const [left, right] = memoryPair();
  const recording: Transport = {
    ...right,
    write: (frame) => {
      tape.push(frame.slice());
      return right.write(frame);
    },
  };
  await both([left, recording]);
  const player: Transport = {
    write: async () => {},
    read: async () => tape.shift(),
    close: async () => {},
  };
  expect((await converse(player, 0)).error?.code).toBe('verification-failed');
});

test('a frame of another conversation is not believed', async () => {
  let foreign: Uint8Array | undefined;
  const keep = (frame: Uint8Array): readonly Uint8Array[] => {
    foreign = frame;
    return [frame];
  };
  await both(faultyPair(0, 1, keep));
  const [left, right] = memoryPair();
  const endings = await both([faulty(left, 1, () => [foreign!]), right]);
  expectTruth(endings);
  expect(endings[1].error?.code).toBe('verification-failed');
});
