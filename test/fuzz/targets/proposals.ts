/** What a pinned peer may say before a job: proposals that it signs itself, and answers to ours. */
import { rmSync } from 'node:fs';
import { create, toBinary } from '@bufbuild/protobuf';
import { decode } from '../../../src/channel/decode.ts';
import {
  AnswerMessageSchema,
  ProposeMessageSchema,
  Verdict,
} from '../../../src/gen/sotto/job/v1/agreement_pb.ts';
import {
  canonicalBytes,
  checkAgreement,
  draftAgreement,
  parseAgreement,
  signAgreement,
} from '../../../src/jobs/agreement.ts';
import { sendProposal } from '../../../src/jobs/handshake.ts';
import { normaliseSpec } from '../../../src/jobs/spec.ts';
import { agreementOf, alignSpec, keyOf, NOW_MS, trainSpec } from '../../support/jobs.ts';
import { memoryPair } from '../../support/memory-pair.ts';
import { openPair } from '../../support/workers.ts';
import { mutateMessage, oneOf, type Word } from '../mutations.ts';
import type { Case, Ending, Target } from '../target.ts';

const never = new AbortController().signal;

/** All that is checked of an agreement's bytes, without a worker around it. */
const agreements: Target = {
  name: 'agreements',
  weight: 90,
  async prepare() {
    const honest = [trainSpec(), alignSpec()].map((spec) => canonicalBytes(agreementOf(spec)));
    const view = { peer: 'bank', party: 'telco', nowMs: NOW_MS + 1_000, maxRows: 100_000 };
    for (const bytes of honest) checkAgreement(parseAgreement(bytes), view);
    return (word) => {
      const bytes = mutateMessage(oneOf(word, honest), word, oneOf(word, honest));
      checkAgreement(parseAgreement(bytes), view);
      return 'accepted';
    };
  },
};

/** Each of a job of its own: a known one with other bytes is refused before anything else is looked at. */
function proposal(now: number, word?: Word): Uint8Array {
  const number = word === undefined ? 'f' : `${word()}${word()}`;
  const draft = draftAgreement({
    jobId: number.padStart(20, '0'),
    spec: normaliseSpec(alignSpec()),
    initiator: 'bank',
    nowMs: now,
    seed: new Uint8Array(32).fill(7),
    idNormalization: ['trim', 'nfc'],
    maxRows: 1_000,
  });
  const honest = canonicalBytes(draft);
  const inside = word !== undefined && word() % 3 !== 0;
  const agreement = inside ? mutateMessage(honest, word) : honest;
  const message = create(ProposeMessageSchema, {
    agreement,
    signature: signAgreement(agreement, 'bank', keyOf.bank.privateKey),
    attempt: 1,
  });
  const bytes = toBinary(ProposeMessageSchema, message);
  return inside || word === undefined ? bytes : mutateMessage(bytes, word);
}

/** A worker that answers; no rule lets a job begin, so a proposal that is still well-formed waits. */
const proposals: Target = {
  name: 'proposals to a worker',
  weight: 25,
  async prepare(): Promise<Case> {
    const failures: string[] = [];
    const pair = await openPair({
      telco: {
        limits: { maxQueued: 100_000 },
        change: (options) => ({
          ...options,
          rules: [],
          log: (event) => {
            if (event.event === 'failed-internally') failures.push(event.where);
            if ('code' in event && event.code === 'internal') failures.push(event.event);
          },
        }),
      },
    });
    // The worker is left open: cases have no end of their own. Its folder goes with the process.
    process.once('exit', () => rmSync(pair.folder, { recursive: true, force: true }));
    const deliver = async (bytes: Uint8Array): Promise<Ending> => {
      const transport = pair.network.connect('bank', pair.network.handlers.get('telco')!);
      await transport.write(bytes);
      const frame = await transport.read();
      await transport.close();
      if (failures.length > 0) throw new Error(`the worker failed: ${failures.splice(0)}`);
      if (frame === undefined) return 'refused'; // hung up without a word
      const { verdict } = decode(AnswerMessageSchema, frame);
      return verdict === Verdict.REJECTED ? 'refused' : 'accepted';
    };
    if ((await deliver(proposal(Date.now()))) !== 'accepted') throw new Error('refused in vain');
    return (word) => deliver(proposal(Date.now(), word));
  },
};

/** The proposer's end: an answer is taken if it decodes; what it says is weighed in the tests of jobs. */
const answers: Target = {
  name: 'answers to a proposal',
  weight: 20,
  async prepare(): Promise<Case> {
    const honest = [
      { verdict: Verdict.ACCEPTED, signature: new Uint8Array(64).fill(3) },
      { verdict: Verdict.REJECTED, code: 'parameters-rejected', field: 'seed', expected: 'x' },
    ].map((answer) => toBinary(AnswerMessageSchema, create(AnswerMessageSchema, answer)));
    return async (word): Promise<Ending> => {
      const [near, far] = memoryPair();
      await far.write(mutateMessage(oneOf(word, honest), word, oneOf(word, honest)));
      await sendProposal(near, { agreement: new Uint8Array(10) }, never);
      return 'accepted';
    };
  },
};

export const proposalTargets: readonly Target[] = [agreements, proposals, answers];
