/**
 * Where two parties that meet again go on. First in each attempt's conversation:
 *
 *   both   ResumeMessage { fresh coins, the chain of each step that is kept here } --->  both
 *
 * They go on behind the last step that both have done in the same epoch. Whoever has kept a step has
 * heard from its peer in that step, and the peer said nothing in it before it had kept the one
 * before. So neither ever has more than one step that the other has not. If one has, then the other
 * has lost what it had kept: the job ends on both sides, rather than repeat what was acknowledged.
 */
import { createHash } from 'node:crypto';
import { type Bytes, concat, equalBytes, lengthPrefixed } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import type { Channel } from '../channel/channel.ts';
import { ResumeMessageSchema } from '../gen/sotto/job/v1/agreement_pb.ts';
import type { Journal } from './journal.ts';
import { behind, Steps } from './steps.ts';

const NONCE_BYTES = 16;
const CHAIN_BYTES = 32;
/** A training of the most passes has about 110. */
const MOST_STEPS = 512;
/** Steps that one party may have done and the other not. */
const MOST_AHEAD = 1;

/** @throws rollback-detected on both sides; protocol-violation for a list that is none. */
export async function resume(
  channel: Channel,
  journal: Journal,
  { attempt, random }: { readonly attempt: number; readonly random: Random },
): Promise<Steps> {
  const nonce = random.bytes(NONCE_BYTES);
  const own = journal.steps.map(({ chain }) => chain);
  await channel.send(ResumeMessageSchema, { nonce, steps: concat(...own) });
  const heard = await channel.receive(ResumeMessageSchema, 64 + MOST_STEPS * CHAIN_BYTES);
  const theirs = chainsOf(heard.steps);
  const common = commonSteps(own, theirs);
  const ahead = Math.max(own.length, theirs.length) - common;
  if (ahead > MOST_AHEAD) throw behind({ own: own.length, peer: theirs.length, common });
  return new Steps(journal, { attempt, id: epochId(nonce, heard.nonce) }, common);
}

function chainsOf(steps: Uint8Array): Uint8Array[] {
  if (steps.length % CHAIN_BYTES !== 0) {
    throw new SottoError('protocol-violation', 'a list of steps has an impossible length', {
      received: steps.length,
    });
  }
  return Array.from({ length: steps.length / CHAIN_BYTES }, (_, step) =>
    steps.subarray(step * CHAIN_BYTES, (step + 1) * CHAIN_BYTES),
  );
}

/** Each chain holds all before it, so the last that is equal decides. */
function commonSteps(own: readonly Uint8Array[], theirs: readonly Uint8Array[]): number {
  const differing = own.findIndex((chain, step) => !equalBytes(chain, theirs[step] ?? NONE));
  return differing === -1 ? own.length : differing;
}

const NONE = new Uint8Array(0);

/** Of both parties' coins, in an order that is the same at both. */
function epochId(own: Uint8Array, peer: Uint8Array): Bytes {
  if (peer.length !== NONCE_BYTES) {
    throw new SottoError('protocol-violation', 'coins of another length', {
      expected: NONCE_BYTES,
      received: peer.length,
    });
  }
  const sorted = [own, peer].toSorted(Buffer.compare);
  return Uint8Array.from(
    createHash('sha256')
      .update(lengthPrefixed('sotto epoch', ...sorted))
      .digest(),
  );
}
