/**
 * The first two frames of a job's conversation: a proposal, and its answer. They come before the
 * channel, whose transcript is bound to what they settle; signatures protect them meanwhile.
 *
 *   proposer   ProposeMessage ---------------------------->   responder
 *              <------------------------------ AnswerMessage
 *              then, if accepted, a channel bound to the agreement and the attempt
 */

import type { MessageShape } from '@bufbuild/protobuf';
import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { asSottoError, SottoError } from '../base/errors.ts';
import { within } from '../channel/deadline.ts';
import { decode } from '../channel/decode.ts';
import type { Transport } from '../channel/transport.ts';
import {
  type AnswerMessage,
  AnswerMessageSchema,
  type ProposeMessage,
  ProposeMessageSchema,
} from '../gen/sotto/job/v1/agreement_pb.ts';
import { MAX_AGREEMENT_BYTES } from './agreement.ts';

/** The agreement, a signature and two numbers. */
const MAX_PROPOSAL_BYTES = MAX_AGREEMENT_BYTES + 256;
/** A rejection with its texts; none of them is long. */
const MAX_ANSWER_BYTES = 4_096;
const PROPOSAL_TIMEOUT_MS = 30_000;
/** Opening tables comes before an answer, and a large file takes a while. */
const ANSWER_TIMEOUT_MS = 60_000;
/** How long a peer may take to read an answer that begins nothing. */
const FAREWELL_MS = 5_000;

export async function sendProposal(
  transport: Transport,
  proposal: MessageInitShape<typeof ProposeMessageSchema>,
  signal: AbortSignal,
): Promise<AnswerMessage> {
  await say(ProposeMessageSchema, transport, proposal, signal);
  const limits = { atMost: MAX_ANSWER_BYTES, timeoutMs: ANSWER_TIMEOUT_MS };
  return hear(AnswerMessageSchema, transport, limits, signal);
}

export function receiveProposal(
  transport: Transport,
  signal: AbortSignal,
): Promise<ProposeMessage> {
  const limits = { atMost: MAX_PROPOSAL_BYTES, timeoutMs: PROPOSAL_TIMEOUT_MS };
  return hear(ProposeMessageSchema, transport, limits, signal);
}

export const sendAnswer = (
  transport: Transport,
  answer: AnswerMessage,
  signal: AbortSignal,
): Promise<void> => say(AnswerMessageSchema, transport, answer, signal);

/** After an answer that begins nothing: lets the peer read it and hang up first. */
export async function partWith(transport: Transport, signal: AbortSignal): Promise<void> {
  await within(transport.read(), FAREWELL_MS, { signal }).catch(() => {});
  await transport.close().catch(() => {});
}

async function say<D extends DescMessage>(
  schema: D,
  transport: Transport,
  message: MessageInitShape<D>,
  signal: AbortSignal,
): Promise<void> {
  const frame = toBinary(schema, create(schema, message));
  await typed(within(transport.write(frame), ANSWER_TIMEOUT_MS, { signal }));
}

async function hear<D extends DescMessage>(
  schema: D,
  transport: Transport,
  limits: { readonly atMost: number; readonly timeoutMs: number },
  signal: AbortSignal,
): Promise<MessageShape<D>> {
  const frame = await typed(within(transport.read(), limits.timeoutMs, { signal }));
  if (frame === undefined) {
    throw new SottoError('peer-unavailable', 'the peer left before it said anything', {});
  }
  if (frame.length > limits.atMost) {
    throw new SottoError('protocol-violation', 'a message is too long', {
      message: schema.typeName,
      atMost: limits.atMost,
      received: frame.length,
    });
  }
  return decode(schema, frame);
}

/** What a transport throws of its own means that the connection broke. */
function typed<T>(step: Promise<T>): Promise<T> {
  return step.catch((thrown: unknown) => {
    const error = asSottoError(thrown);
    if (error.code !== 'internal') throw error;
    throw new SottoError('peer-unavailable', 'the connection broke', {}, { cause: thrown });
  });
}
