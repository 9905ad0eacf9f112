/** Waiting that ends: by a deadline, by whoever asked, or by what was waited for. */
import type { SottoError } from '../base/errors.ts';
import { asSottoError } from '../base/errors.ts';

export interface Patience extends Disposable {
  /** What the promise gives, or the reason why waiting ended. Several waits share one deadline. */
  race<T>(promise: Promise<T>): Promise<T>;
  /** Aborted when waiting has ended. */
  readonly signal: AbortSignal;
}

/** Waits for at most `ms` in all, then fails with `late`; aborted by `signal`, with its reason. */
export function patience(ms: number, signal: AbortSignal, late: SottoError): Patience {
  const controller = new AbortController();
  const { promise: ended, reject } = Promise.withResolvers<never>();
  ended.catch(() => undefined); // it may end when nobody waits
  const end = (reason: unknown): void => {
    reject(reason);
    controller.abort(reason);
  };
  const timer = setTimeout(() => end(late), ms);
  const aborted = (): void => end(asSottoError(signal.reason));
  if (signal.aborted) aborted();
  else signal.addEventListener('abort', aborted, { once: true });
  return {
    race: (promise) => Promise.race([promise, ended]),
    signal: controller.signal,
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', aborted);
    },
  };
}

/** Resolves after `ms`, or at once when the signal aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}
