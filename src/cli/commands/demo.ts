/** `sotto demo`: the whole thing on one machine. */
import type { Command } from 'commander';
import { SottoError } from '../../base/errors.ts';
import { type Call, leaf } from '../command.ts';

interface DemoFlags {
  readonly out: string;
}

export function demoCommand(): Command {
  return leaf<DemoFlags>(
    'demo',
    'two workers on this machine train on real credit data, and score',
    demo,
  ).option('--out <folder>', 'where keys, tables, logs and the report go', 'demo-out');
}

async function demo({ flags, output }: Call<DemoFlags>): Promise<undefined> {
  const stop = new AbortController();
  const interrupt = (): void => stop.abort(new SottoError('cancelled', 'the demo was interrupted'));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, interrupt);
  // Only here: the other commands should not wait for the libraries of models and reports.
  const { runDemo } = await import('../demo/demo.ts');
  const { demoObject, demoText } = await import('../demo/summary.ts');
  const outcome = await runDemo(flags.out, output, stop.signal);
  output.result(demoObject(outcome), demoText(outcome, output));
}
