/** Waiting, but not for ever: a deadline and a way to be called off. */
import { SottoError } from '../base/errors.ts';

export interface Wait {
  /** The message of the error when time is up. */
  readonly what?: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The step's outcome, or `deadline-exceeded` after `timeoutMs`, or `cancelled` (or the signal's own
 * SottoError) at once when the signal is aborted. The step itself is not stopped.
 */
export function within<T>(step: Promise<T>, timeoutMs: number, wait: Wait = {}): Promise<T> {
  const { what = 'waited too long', signal } = wait;
  return new Promise<T>((resolve, reject) => {
    const cancel = (): void => {
      settle();
      const reason: unknown = signal?.reason;
      reject(reason instanceof SottoError ? reason : new SottoError('cancelled', 'cancelled'));
    };
    const timer = setTimeout(() => {
      settle();
      reject(new SottoError('deadline-exceeded', what, { timeoutMs }));
    }, timeoutMs);
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
    };
    step.then(
      (value) => {
        settle();
        resolve(value);
      },
      (thrown: unknown) => {
        settle();
        reject(thrown);
      },
    );
    if (signal?.aborted === true) cancel();
    else signal?.addEventListener('abort', cancel, { once: true });
  });
}
