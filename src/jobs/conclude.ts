/** A job of which all is known and kept: its files, its half of a model, and then SUCCEEDED. */
import { toJson } from '@bufbuild/protobuf';
import { type Bytes, toHex, utf8 } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import { AgreementSchema } from '../gen/sotto/job/v1/agreement_pb.ts';
import { JobState } from '../gen/sotto/job/v1/job_pb.ts';
import { agreementHash, parseAgreement, signAgreement } from './agreement.ts';
import type { Attempt, Workshop } from './attempt.ts';
import { progressMessage } from './drive.ts';
import { hasEnded } from './registry.ts';
import { at, type Outcome } from './role.ts';

/**
 * Writes what the job leaves behind, each file whole; repeated after a crash, it writes the same.
 * @throws cancelled when the job was ended meanwhile: then it leaves nothing.
 */
export async function conclude(shop: Workshop, attempt: Attempt, outcome: Outcome): Promise<void> {
  const { board, artifacts } = shop;
  const { jobId } = attempt;
  if (hasEnded(board.get(jobId))) throw ended();
  await outcome.keep?.();
  const names = await artifacts.write(jobId, {
    ...outcome.artifacts,
    'agreement.json': agreementFile(shop, attempt),
  });
  const { bytesSent = 0n, bytesReceived = 0n } = board.get(jobId).progress ?? {};
  const traffic = { sent: Number(bytesSent), received: Number(bytesReceived) };
  const succeeded = board.change(jobId, {
    state: JobState.SUCCEEDED,
    result: outcome.result,
    parameters: outcome.parameters,
    artifacts: names,
    progress: progressMessage(at('done', 1), traffic, 0),
  });
  if (succeeded) return;
  await outcome.discard?.();
  await artifacts.remove(jobId);
  throw ended();
}

const ended = (): SottoError => new SottoError('cancelled', 'the job has ended');

/** What both signed, and the signatures: to be shown if there is ever a dispute. */
function agreementFile({ options, board }: Workshop, { agreement, jobId, peer }: Attempt): Bytes {
  const { peerSignature } = board.registry.get(jobId);
  const own = signAgreement(agreement, options.party, options.keys.own);
  const hex = (bytes: Uint8Array | undefined): string => (bytes ? toHex(bytes) : '');
  const file = {
    format: 'sotto.agreement',
    sha256: toHex(agreementHash(agreement)),
    bytes: Buffer.from(agreement).toString('base64'),
    signatures: { [options.party]: hex(own), [peer]: hex(peerSignature) },
    agreement: toJson(AgreementSchema, parseAgreement(agreement)),
  };
  return utf8(`${JSON.stringify(file, undefined, 2)}\n`);
}
