/** From bytes that a peer chose to a message, or to its fault. */
import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf';
import { SottoError } from '../base/errors.ts';

/** Strict: what does not decode, or has a field besides those of the schema, is a protocol-violation. */
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
  if (message.$unknown !== undefined && message.$unknown.length > 0) {
    throw new SottoError('protocol-violation', 'a message has a field that is not in its schema', {
      message: schema.typeName,
      field: message.$unknown[0]!.no,
    });
  }
  return message;
}
