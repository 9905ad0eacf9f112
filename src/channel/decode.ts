/** From bytes that a peer chose, or a disk kept, to a message, or to their fault. */
import {
  type DescField,
  type DescMessage,
  fromBinary,
  type Message,
  type MessageShape,
} from '@bufbuild/protobuf';
import { SottoError } from '../base/errors.ts';

/** Strict: what does not decode, or has at any depth a field besides those of its schema, is a protocol-violation. */
export function decode<D extends DescMessage>(schema: D, bytes: Uint8Array): MessageShape<D> {
  let message: MessageShape<D>;
  try {
    message = fromBinary(schema, bytes);
  } catch {
    throw new SottoError('protocol-violation', 'a message cannot be decoded', {
      message: schema.typeName,
    });
  }
  // Versions are agreed on beforehand, so a field we do not know has no business here.
  const stranger = strangerIn(schema, message);
  if (stranger !== undefined) {
    const why = 'a message has a field that is not in its schema';
    throw new SottoError('protocol-violation', why, stranger);
  }
  return message;
}

/** From our own disk: what does not decode any more is damaged there. */
export function decodeStored<D extends DescMessage>(schema: D, bytes: Uint8Array): MessageShape<D> {
  try {
    return fromBinary(schema, bytes);
  } catch {
    throw new SottoError('verification-failed', 'what is kept on disk is damaged', {
      message: schema.typeName,
    });
  }
}

/** The first field without a name, and the message that it is in. */
function strangerIn(
  schema: DescMessage,
  message: Message,
): { readonly message: string; readonly field: number } | undefined {
  const [unknown] = message.$unknown ?? [];
  if (unknown !== undefined) return { message: schema.typeName, field: unknown.no };
  for (const field of schema.fields) {
    if (field.message === undefined) continue;
    for (const held of messagesIn(message, field)) {
      const found = strangerIn(field.message, held);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** The messages in a field of type message: one of a oneof, of a list or map each, or the one there is. */
function messagesIn(message: Message, field: DescField): readonly Message[] {
  const values = message as unknown as Readonly<Record<string, unknown>>;
  if (field.oneof !== undefined) {
    const chosen = values[field.oneof.localName] as { case?: string; value?: Message };
    return chosen.case === field.localName ? [chosen.value!] : [];
  }
  const value = values[field.localName] as Message | readonly Message[] | undefined;
  if (value === undefined) return [];
  return field.fieldKind === 'message' ? [value as Message] : Object.values(value);
}
