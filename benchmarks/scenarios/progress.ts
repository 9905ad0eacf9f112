/** What a person sees of a long training: on stderr, where no row is. */

export interface PassProgress {
  /** Seconds from the start, when a pass from the second on begins. */
  readonly onPass: (pass: number, seconds: number) => void;
}

/** A line a pass. The first pass is about half of any other, so it is left out of what is expected. */
export function passProgress(title: string, passes: number): PassProgress {
  let since: { pass: number; seconds: number } | undefined;
  return {
    onPass(pass, seconds) {
      since ??= { pass, seconds };
      const done = pass - since.pass;
      const left =
        (passes - pass + 1) * (done > 0 ? (seconds - since.seconds) / done : 2 * seconds);
      console.error(
        `${title}: pass ${pass} of ${passes} after ${seconds.toFixed(1)} s, about ${left.toFixed(0)} s to go`,
      );
    },
  };
}
