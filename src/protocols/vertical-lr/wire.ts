/** Stages on the wire: many items in a few messages, made ahead of the network and read as they come. */
import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { SottoError } from '../../base/errors.ts';
import type { Channel } from '../../channel/channel.ts';
import type { Batch } from './sizes.ts';

/** Messages that are made while an earlier one is still on its way: enough to keep both busy. */
const AHEAD = 3;

/** Tags and lengths of a message's few fields. */
const ENVELOPE_BYTES = 64;

/** Makes and sends a message for each batch, in order. */
export async function sendBatches<D extends DescMessage>(
  channel: Channel,
  schema: D,
  batches: readonly Batch[],
  make: (batch: Batch) => Promise<MessageInitShape<D>>,
): Promise<void> {
  const made: Promise<MessageInitShape<D>>[] = [];
  for (let i = 0; i < batches.length; i++) {
    while (made.length < Math.min(i + AHEAD, batches.length)) {
      made.push(handled(make(batches[made.length]!)));
    }
    await channel.send(schema, await made[i]!);
  }
}

/** Receives a message of at most `bytesOf(batch)` bytes for each batch and hands it on without waiting for the last. */
export async function receiveBatches<D extends DescMessage>(
  channel: Channel,
  schema: D,
  batches: readonly Batch[],
  bytesOf: (batch: Batch) => number,
  accept: (batch: Batch, message: MessageShape<D>) => Promise<void>,
): Promise<void> {
  const accepted: Promise<void>[] = [];
  for (const batch of batches) {
    const message = await channel.receive(schema, bytesOf(batch) + ENVELOPE_BYTES);
    accepted.push(handled(accept(batch, message)));
    if (accepted.length > AHEAD) await accepted.shift();
  }
  await Promise.all(accepted);
}

/** Receives, answers and sends batch by batch: the answer to one is made while the next comes in. */
export async function answerBatches<I extends DescMessage, O extends DescMessage>(
  channel: Channel,
  [question, reply]: readonly [I, O],
  batches: readonly Batch[],
  bytesOf: (batch: Batch) => number,
  answer: (batch: Batch, message: MessageShape<I>) => Promise<MessageInitShape<O>>,
): Promise<void> {
  const sent: Promise<void>[] = [];
  let last: Promise<void> = Promise.resolve();
  await receiveBatches(channel, question, batches, bytesOf, async (batch, message) => {
    const answered = handled(answer(batch, message));
    const before = last;
    last = handled(
      (async () => {
        await before;
        await channel.send(reply, await answered);
      })(),
    );
    sent.push(last);
    await last;
  });
  await Promise.all(sent);
}

/** A promise whose failure is looked at later, if an earlier one does not end the stage first. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/** A field from the wire as bytes of our own, of exactly this length: whatever else follows may trust it. */
export function bytesOfLength(
  field: Uint8Array,
  expected: number,
  message: string,
): Uint8Array<ArrayBuffer> {
  if (field.length !== expected) {
    throw new SottoError('protocol-violation', 'a message is of another length', {
      message,
      expected,
      received: field.length,
    });
  }
  return Uint8Array.from(field);
}
