/** What became of many disturbed runs: one row for each fault and protocol. */

import type { Verdict } from './verdict.ts';

export interface Tally extends Record<Verdict, number> {
  readonly fault: string;
  readonly protocol: string;
  runs: number;
  /** How one run went wrong, and how to run it again. */
  counterexample?: string;
}

export const emptyTally = (fault: string, protocol: string): Tally => ({
  fault,
  protocol,
  runs: 0,
  same: 0,
  sameAbort: 0,
  wrong: 0,
  hung: 0,
});

export const isRight = (verdict: Verdict): boolean => verdict === 'same' || verdict === 'sameAbort';

/** Counts one run; `story` says how it was disturbed and how it ended. */
export function count(tally: Tally, verdict: Verdict, story: () => string): void {
  tally.runs += 1;
  tally[verdict] += 1;
  if (!isRight(verdict)) tally.counterexample ??= story();
}

/** A line for programs or for people; a wrong or hung run becomes the process's exit code. */
export function report(tally: Tally, { json }: { readonly json: boolean }): void {
  const { fault, protocol, runs, same, sameAbort, wrong, hung, counterexample } = tally;
  if (wrong + hung > 0) process.exitCode = 1;
  const counts = `${runs} runs: ${same} same, ${sameAbort} same abort, ${wrong} wrong, ${hung} hung`;
  console.log(json ? JSON.stringify(tally) : `${protocol.padEnd(9)} ${fault.padEnd(24)} ${counts}`);
  if (!json && counterexample !== undefined) console.log(`          ${counterexample}`);
}

/** Works at so many of the items at a time: most runs wait for a deadline or for a disk. */
export async function atOnce<T>(
  width: number,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

/** So many of the items, evenly spread; all where there are no more. */
export const spread = <T>(items: readonly T[], most: number): T[] =>
  items.filter(
    (_, i) =>
      most >= items.length ||
      Math.floor(((i + 1) * most) / items.length) > Math.floor((i * most) / items.length),
  );
