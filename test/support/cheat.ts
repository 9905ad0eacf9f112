/** A party that plays its role honestly but for what it says, or for the key it computes under. */
import type { DescMessage, MessageInitShape } from '@bufbuild/protobuf';
import type { Channel } from '../../src/channel/channel.ts';
import type {
  Compute,
  RunOptions,
  TaskInput,
  TaskName,
  TaskOutput,
} from '../../src/compute/compute.ts';
import type { Party } from '../../src/protocols/party.ts';

/** What is said in place of a message: nothing, it or others of its schema. `count` numbers those of the type. */
export type Lie<D extends DescMessage> = (
  message: MessageInitShape<D>,
  count: number,
) => readonly MessageInitShape<D>[];

/** The party, lying whenever it says a message of this schema. */
export function lying<D extends DescMessage>(party: Party, schema: D, lie: Lie<D>): Party {
  let count = 0;
  const { channel } = party;
  const send = async <S extends DescMessage>(
    said: S,
    message: MessageInitShape<S>,
  ): Promise<void> => {
    if (said.typeName !== schema.typeName) return channel.send(said, message);
    for (const each of lie(message as unknown as MessageInitShape<D>, count++))
      await channel.send(schema, each);
  };
  const lies = { send, receive: channel.receive.bind(channel) } as unknown as Channel;
  return { ...party, channel: lies };
}

/** The party, with the input of its tasks of this name changed. `count` numbers them. */
export function miscomputing<N extends TaskName>(
  party: Party,
  name: N,
  change: (input: TaskInput<N>, count: number) => TaskInput<N>,
): Party {
  let count = 0;
  const run = <M extends TaskName>(
    task: M,
    input: TaskInput<M>,
    options?: RunOptions,
  ): Promise<TaskOutput<M>> => {
    if ((task as TaskName) !== name) return party.compute.run(task, input, options);
    const changed = change(input as unknown as TaskInput<N>, count++);
    return party.compute.run(task, changed as unknown as TaskInput<M>);
  };
  const compute: Compute = { threads: party.compute.threads, run };
  return { ...party, compute };
}
