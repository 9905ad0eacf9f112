/** One query: ids blinded, evaluated by the company, its proof and receipt checked; whatever the engine. */
import type { KeyObject } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import { asSottoError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import type { Compute } from '../compute/compute.ts';
import {
  type Manifest,
  type QueryRequest,
  QueryRequestSchema,
  type QueryResponse,
} from '../gen/sotto/tag/v1/tag_pb.ts';
import { blindCoins, type ReceiptStore } from './audit.ts';
import { checkReceipt } from './receipts.ts';
import type { TagRemote } from './remote.ts';

/** All that a query takes besides its ids. */
export interface Asking {
  readonly remote: TagRemote;
  /** This party, as the company calls it. */
  readonly tenant: string;
  readonly signer: KeyObject;
  readonly purpose: string;
  readonly receipts: ReceiptStore;
  readonly compute: Compute;
  readonly random: Random;
  /** Resolves after so many milliseconds, or rejects when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface Evaluated {
  /** The function's values, 64 bytes for each id: to be wiped. */
  readonly secrets: Uint8Array;
  readonly request: QueryRequest;
  readonly response: QueryResponse;
}

const KEY_BYTES = 16;
/** Between two attempts with the same bytes, at first. */
const RETRY_MS = 50;

/** `inputs`: of the function, for each id. @throws verification-failed for a proof or receipt that does not hold */
export async function evaluate(
  asking: Asking,
  { datasetId, versionId, publicKey }: Manifest,
  inputs: readonly Uint8Array[],
  fetch: QueryRequest['fetch'],
  signal: AbortSignal,
): Promise<Evaluated> {
  const { random, compute, purpose, receipts, remote } = asking;
  const idempotencyKey = random.bytes(KEY_BYTES);
  const coins = blindCoins(receipts.secret, idempotencyKey, inputs.length);
  const { blinds, blinded } = await compute.run('oprfBlind', { inputs, coins }, { signal });
  const values = { datasetId, versionId, idempotencyKey, purpose, blinded, fetch };
  const request = create(QueryRequestSchema, values);
  const response = await untilAnswered(() => remote.query(request, signal), asking, signal);
  const { evaluated, proof, receipt } = response;
  checkReceipt(receipt, request, asking);
  const answer = { publicKey, inputs, blinds, blinded, evaluated, proof };
  const { outputs } = await compute.run('oprfFinalize', answer, { signal });
  receipts.keep(request, receipt!);
  return { secrets: outputs, request, response };
}

/** The identical bytes again while nobody answers: billed once, and the answer does not change. */
export async function untilAnswered<T>(
  ask: () => Promise<T>,
  { sleep }: Pick<Asking, 'sleep'>,
  signal: AbortSignal,
): Promise<T> {
  for (let wait = RETRY_MS; ; wait *= 2) {
    try {
      return await ask();
    } catch (thrown) {
      const { code } = asSottoError(thrown);
      if (signal.aborted || code !== 'peer-unavailable') throw thrown;
      await sleep(wait, signal);
    }
  }
}
