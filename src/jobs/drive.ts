/** Drives a role from safe point to safe point, and lets go of it the moment its job is over. */
import { create } from '@bufbuild/protobuf';
import { SottoError } from '../base/errors.ts';
import { type Progress as JobProgress, ProgressSchema } from '../gen/sotto/job/v1/job_pb.ts';
import type { Progress, Run } from '../protocols/party.ts';

/** Below this share the time so far says little about the time to come. */
const FORESEEABLE = 0.02;

/**
 * The run's result; rejects with the signal's reason as soon as it aborts, even in the middle of a
 * step. The abandoned step ends by itself: its channel and its compute have the same signal.
 */
export async function drive<T>(
  run: Run<T>,
  signal: AbortSignal,
  report: (progress: Progress) => void,
): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(reasonOf(signal));
  aborted.catch(() => {});
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    for (;;) {
      const step = await Promise.race([aborted, run.next()]);
      if (step.done === true) return step.value;
      report(step.value);
    }
  } finally {
    signal.removeEventListener('abort', abort);
    // Not awaited: a step that is still under way returns when its channel has failed.
    run.return(undefined as T).catch(() => {});
  }
}

export const reasonOf = (signal: AbortSignal): SottoError =>
  signal.reason instanceof SottoError ? signal.reason : new SottoError('cancelled', 'cancelled');

/** What an operator sees of a safe point; `fraction` is of the whole job here. */
export function progressMessage(
  { phase, fraction, facts = {} }: Progress,
  traffic: { readonly sent: number; readonly received: number },
  elapsedMs: number,
): JobProgress {
  const message = create(ProgressSchema, {
    phase,
    percent: Math.min(100, Math.max(0, 100 * fraction)),
    bytesSent: BigInt(traffic.sent),
    bytesReceived: BigInt(traffic.received),
    detail: detailOf(facts),
  });
  if (fraction >= FORESEEABLE) {
    message.etaSeconds = (elapsedMs / 1000) * (1 / Math.min(1, fraction) - 1);
  }
  return message;
}

/** `{ pass: 3, passes: 10 }` as "pass 3 of 10"; other numbers as "name 12". */
function detailOf(facts: Readonly<Record<string, number>>): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(facts)) {
    const total = facts[`${name}s`] ?? facts[`${name}es`];
    const isTotal = /e?s$/.test(name) && (name.slice(0, -1) in facts || name.slice(0, -2) in facts);
    if (total !== undefined) parts.push(`${name} ${Math.min(value, total)} of ${total}`);
    else if (!isTotal) parts.push(`${name} ${value}`);
  }
  return parts.join(', ');
}
