/** Stages on the wire: many items in a few messages, made ahead of the network and read as they come. */
import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { SottoError } from '../../base/errors.ts';
import type { Channel } from '../../channel/channel.ts';
import type { Batch } from './sizes.ts';

/** Messages that are made while an earlier one is still on its way: enough to keep both busy. */
const AHEAD = 8;

/** Tags and lengths of a message's few fields. */
const ENVELOPE_BYTES = 64;

/** A message that is due to be sent; making it may wait for what others bring. */
export interface Said {
  send(channel: Channel): Promise<void>;
  /** Begins to make it. */
  begin(): void;
}

/** A message that is due to come, and what is done with it: `done` when that is over. */
export interface Heard {
  receive(channel: Channel): Promise<{ readonly done: Promise<void> }>;
}

export function said<D extends DescMessage>(
  schema: D,
  make: () => Promise<MessageInitShape<D>>,
): Said {
  let made: Promise<MessageInitShape<D>> | undefined;
  const begin = () => {
    made ??= handled(make());
    return made;
  };
  return { begin, send: async (channel) => channel.send(schema, await begin()) };
}

export function heard<D extends DescMessage>(
  schema: D,
  bytes: number,
  accept: (message: MessageShape<D>) => Promise<void>,
): Heard {
  return {
    receive: async (channel) => {
      const message = await channel.receive(schema, bytes + ENVELOPE_BYTES);
      return { done: handled(accept(message)) };
    },
  };
}

/** Says what is due in its order. */
export async function sayAll(channel: Channel, messages: readonly Said[]): Promise<void> {
  for (let i = 0; i < messages.length; i++) {
    for (const message of messages.slice(i, i + AHEAD)) message.begin();
    await messages[i]!.send(channel);
  }
}

/**
 * Hears what is due in its order; the next is read before all is done with the last. What goes wrong with one ends the
 * rest at once: the peer may be waiting for an answer that will never be made.
 */
export async function hearAll(channel: Channel, messages: readonly Heard[]): Promise<void> {
  const failed = Promise.withResolvers<never>();
  const hear = async (): Promise<void> => {
    const accepted: Promise<void>[] = [];
    for (const message of messages) {
      const { done } = await message.receive(channel);
      done.catch(failed.reject);
      accepted.push(done);
      if (accepted.length > AHEAD) await accepted.shift();
    }
    await Promise.all(accepted);
  };
  await Promise.race([hear(), failed.promise]);
}

/** Makes and sends a message for each batch, in order. */
export function sendBatches<D extends DescMessage>(
  channel: Channel,
  schema: D,
  batches: readonly Batch[],
  make: (batch: Batch, index: number) => Promise<MessageInitShape<D>>,
): Promise<void> {
  return sayAll(
    channel,
    batches.map((batch, index) => said(schema, () => make(batch, index))),
  );
}

/** Receives a message of at most `bytesOf(batch)` bytes for each batch and hands it on without waiting for the last. */
export function receiveBatches<D extends DescMessage>(
  channel: Channel,
  schema: D,
  batches: readonly Batch[],
  bytesOf: (batch: Batch) => number,
  accept: (batch: Batch, message: MessageShape<D>) => Promise<void>,
): Promise<void> {
  return hearAll(
    channel,
    batches.map((batch) => heard(schema, bytesOf(batch), (message) => accept(batch, message))),
  );
}

/** A promise whose failure is looked at later, if an earlier one does not end the stage first. */
export function handled<T>(promise: Promise<T>): Promise<T> {
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
