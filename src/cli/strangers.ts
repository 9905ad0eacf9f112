/** Handshakes and calls of nobody we know, for the audit log: one entry a minute at most, so that a flood is one line. */
import type { Log } from '../base/events.ts';

const EVERY_MS = 60_000;

/** A log that passes everything on and counts strangers; disposing notes the last of them. */
export function countStrangers(
  log: Log,
  note: (count: number) => void,
): { readonly log: Log } & Disposable {
  let count = 0;
  const tell = (): void => {
    if (count === 0) return;
    const told = count;
    count = 0;
    try {
      note(told);
    } catch {
      log({ event: 'failed-internally', where: 'audit log' });
    }
  };
  const timer = setInterval(tell, EVERY_MS).unref();
  return {
    log: (event) => {
      if (event.event === 'conversation-refused' && event.code === 'unauthenticated') count += 1;
      log(event);
    },
    [Symbol.dispose]: () => {
      clearInterval(timer);
      tell();
    },
  };
}
