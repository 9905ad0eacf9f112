/** What a party saw: every message that crossed its channel, whole and encoded. */
import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf';

export interface Recorded {
  readonly direction: 'sent' | 'heard';
  readonly typeName: string;
  readonly bytes: Uint8Array;
}

export class Recorder {
  readonly messages: Recorded[] = [];

  /** For `ChannelOptions.observe`. */
  readonly observe = (direction: 'sent' | 'heard', typeName: string, bytes: Uint8Array): void => {
    this.messages.push({ direction, typeName, bytes: bytes.slice() });
  };

  heard<D extends DescMessage>(schema: D): MessageShape<D>[] {
    return this.messages
      .filter((message) => message.direction === 'heard' && message.typeName === schema.typeName)
      .map((message) => fromBinary(schema, message.bytes));
  }

  /** The names of the messages that came in, each once, in order of first arrival. */
  heardTypes(): string[] {
    const heard = this.messages.filter((message) => message.direction === 'heard');
    return [...new Set(heard.map((message) => message.typeName))];
  }
}
