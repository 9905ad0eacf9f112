/** Look-ups that come at about the same time, asked together: one query, one proof, one debit for all of them. */
import { asSottoError } from '../base/errors.ts';
import type { LookupResult } from '../gen/sotto/tag/v1/tag_pb.ts';
import type { TagClient } from './client.ts';
import { MOST_ITEMS } from './server.ts';

export interface Answer {
  readonly versionId: string;
  readonly results: readonly LookupResult[];
}

export interface Batcher {
  /** Tags of ids as they are written at the bank, in order; the same id is asked, and billed, once a batch. */
  lookup(ids: readonly string[]): Promise<Answer>;
}

interface Caller {
  readonly forms: readonly string[];
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** Callers wait up to `windowMs` for company. */
export function openBatcher(client: TagClient, windowMs: number, signal: AbortSignal): Batcher {
  let waiting: Caller[] = [];
  let items = 0;
  let timer: NodeJS.Timeout | undefined;

  const send = (): void => {
    clearTimeout(timer);
    const callers = waiting;
    waiting = [];
    items = 0;
    timer = undefined;
    void answerAll(client, callers, signal);
  };
  return {
    lookup: (ids) =>
      new Promise((resolve, reject) => {
        const forms = client.form(ids); // a wrong id is its caller's affair alone
        if (forms.length === 0) {
          resolve({ versionId: client.manifest?.versionId ?? '', results: [] });
          return;
        }
        if (items + forms.length > MOST_ITEMS) send();
        waiting.push({ forms, resolve, reject });
        items += forms.length;
        timer ??= setTimeout(send, windowMs);
      }),
  };
}

async function answerAll(
  client: TagClient,
  callers: readonly Caller[],
  signal: AbortSignal,
): Promise<void> {
  if (callers.length === 0) return;
  const distinct = [...new Set(callers.flatMap(({ forms }) => forms))];
  try {
    const { versionId, results } = await client.lookup(distinct, signal);
    const byForm = new Map(distinct.map((form, at) => [form, results[at]!]));
    for (const { forms, resolve } of callers) {
      resolve({ versionId, results: forms.map((form) => byForm.get(form)!) });
    }
  } catch (thrown) {
    const isQuota = asSottoError(thrown).code === 'budget-exhausted';
    if (isQuota && callers.length > 1) {
      // Together they ask for more than is left: then each for itself, first come, first served.
      for (const caller of callers) await answerAll(client, [caller], signal);
      return;
    }
    for (const { reject } of callers) reject(thrown);
  }
}
