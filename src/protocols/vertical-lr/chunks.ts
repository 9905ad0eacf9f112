/**
 * The rows' way through a pass, chunk by chunk: logits, sigmoid, residuals. While one chunk is on the line another is
 * computed; a chunk's next message is made as soon as what it needs is there.
 */

import type { MessageShape } from '@bufbuild/protobuf';
import {
  ForwardReplySchema,
  GradientInputSchema,
  SigmoidInputSchema,
  SigmoidReplySchema,
} from '../../gen/sotto/protocol/v1/vertical_lr_pb.ts';
import type { Ciphertexts } from './ciphertexts.ts';
import { acceptForward, answerForward } from './forward.ts';
import { acceptResiduals, sealResiduals } from './gradient.ts';
import type { Parameters } from './parameters.ts';
import type { Pass } from './pass.ts';
import { acceptAnswer, answerPhasors, halvesOf, sealPhasors } from './sigmoid.ts';
import { type Chunk, chunksOf, ciphertextBytes, type Role, replyBytes } from './sizes.ts';
import type { Training } from './training.ts';
import { type Heard, hearAll, heard, type Said, said, sayAll } from './wire.ts';

/** What a party says about a chunk. */
export interface Word {
  readonly about: 'forward' | 'phasors' | 'answer' | 'residuals';
  readonly index: number;
  readonly chunk: Chunk;
}

/** Chunks between two words of one: enough that the answer to the first is there when the second is due. */
const LAG = 2;

export const chunksFor = ({ blocks, ring, harmonics, inputDropBits }: Parameters): Chunk[] =>
  chunksOf(blocks, 2 * harmonics * ciphertextBytes(ring, inputDropBits.sigmoid));

/**
 * All that a party says of the chunks in a pass, in order; the other knows the order and expects it. A word of one
 * party depends on words of the other that are at least `LAG` chunks older, so neither waits for ever.
 */
export function wordsOf(role: Role, parameters: Parameters): Word[] {
  const chunks = chunksFor(parameters);
  const words: Word[] = [];
  const say = (about: Word['about'], index: number, who?: Role): void => {
    const chunk = chunks[index];
    if (chunk !== undefined && (who === undefined || who === role)) {
      words.push({ about, index, chunk });
    }
  };
  const evaluator = (index: number): Role =>
    chunks[index]?.encryptor === 'passive' ? 'active' : 'passive';
  for (let turn = 0; turn < chunks.length + 3 * LAG; turn++) {
    say('residuals', turn - 3 * LAG);
    say('answer', turn - 2 * LAG, evaluator(turn - 2 * LAG));
    say('phasors', turn - LAG, chunks[turn - LAG]?.encryptor);
    say('forward', turn);
  }
  return words;
}

/** What is known of a chunk at some moment of the pass. */
class ChunkState {
  readonly kept = Promise.withResolvers<void>();
  readonly logits = Promise.withResolvers<void>();
  readonly phasors = Promise.withResolvers<MessageShape<typeof SigmoidInputSchema>>();
  readonly residuals = Promise.withResolvers<void>();
}

export interface RowsInput {
  readonly keys: Pass;
  /** The own shares of the own weights, and the peer's shares of them under the peer's key. */
  readonly shares: Uint32Array;
  readonly weights: Ciphertexts;
}

/** Leaves the own share of E in `rows.residuals`, and the peer's under its key in `rows.theirs`. */
export async function exchangeRows(training: Training, input: RowsInput): Promise<void> {
  const { party, parameters, role } = training;
  const states = chunksFor(parameters).map(() => new ChunkState());
  const other = role === 'active' ? 'passive' : 'active';
  await Promise.all([
    sayAll(
      party.channel,
      wordsOf(role, parameters).map((word) => saying(training, input, word, states[word.index]!)),
    ),
    hearAll(
      party.channel,
      wordsOf(other, parameters).map((word) => hearing(training, input, word, states[word.index]!)),
    ),
  ]);
}

function saying(training: Training, input: RowsInput, word: Word, state: ChunkState): Said {
  const { keys, weights } = input;
  const { chunk, index } = word;
  switch (word.about) {
    case 'forward':
      return said(ForwardReplySchema, async () => {
        const stage = keys.peer('forward');
        const reply = await answerForward(training, stage, weights, chunk, index);
        state.kept.resolve();
        return reply;
      });
    case 'phasors':
      return said(SigmoidInputSchema, async () => {
        await state.logits.promise;
        return sealPhasors(training, keys.own('sigmoid'), chunk);
      });
    case 'answer':
      return said(SigmoidReplySchema, async () => {
        const [message] = await Promise.all([state.phasors.promise, state.logits.promise]);
        const reply = await answerPhasors(training, keys.peer('sigmoid'), chunk, message);
        state.residuals.resolve();
        return reply;
      });
    case 'residuals':
      return said(GradientInputSchema, async () => {
        await state.residuals.promise;
        return sealResiduals(training, keys.own('gradient'), chunk, index);
      });
  }
}

function hearing(training: Training, input: RowsInput, word: Word, state: ChunkState): Heard {
  const { keys, shares } = input;
  const { ring, forwardRing, dropBits, inputDropBits, harmonics } = training.parameters;
  const { chunk } = word;
  const blocks = chunk.to - chunk.from;
  const { from, to } = halvesOf(training.parameters, chunk);
  const halves = to - from;
  switch (word.about) {
    case 'forward': {
      const bytes = blocks * replyBytes(forwardRing, dropBits.forward);
      return heard(ForwardReplySchema, bytes, async (message) => {
        await state.kept.promise;
        await acceptForward(training, keys.own('forward'), shares, chunk, message);
        state.logits.resolve();
      });
    }
    case 'phasors': {
      const bytes = halves * harmonics * ciphertextBytes(ring, inputDropBits.sigmoid);
      return heard(SigmoidInputSchema, bytes, async (message) => state.phasors.resolve(message));
    }
    case 'answer':
      return heard(
        SigmoidReplySchema,
        halves * replyBytes(ring, dropBits.sigmoid),
        async (message) => {
          await acceptAnswer(training, keys.own('sigmoid'), chunk, message);
          state.residuals.resolve();
        },
      );
    case 'residuals':
      return heard(
        GradientInputSchema,
        blocks * ciphertextBytes(ring, inputDropBits.gradient),
        (message) => acceptResiduals(training, chunk, message),
      );
  }
}

/** Only residuals, which one party alone knows: the first pass. */
export async function sendResiduals(training: Training, keys: Pass): Promise<void> {
  const { party, parameters } = training;
  const words = chunksFor(parameters).map((chunk, index) =>
    said(GradientInputSchema, () => sealResiduals(training, keys.own('gradient'), chunk, index)),
  );
  await sayAll(party.channel, words);
}

export async function receiveResiduals(training: Training): Promise<void> {
  const { ring, inputDropBits } = training.parameters;
  const words = chunksFor(training.parameters).map((chunk) => {
    const bytes = (chunk.to - chunk.from) * ciphertextBytes(ring, inputDropBits.gradient);
    return heard(GradientInputSchema, bytes, (message) =>
      acceptResiduals(training, chunk, message),
    );
  });
  await hearAll(training.party.channel, words);
}
