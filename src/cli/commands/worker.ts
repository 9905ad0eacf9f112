/** `sotto worker`: runs a worker until it is told to stop. */
import type { Command } from 'commander';
import { type Call, leaf } from '../command.ts';
import { loadConfig } from '../config.ts';

interface WorkerFlags {
  readonly config: string;
  readonly check?: boolean;
}

export function workerCommand(): Command {
  return leaf<WorkerFlags>('worker', 'run a worker until SIGTERM or Ctrl-C', start)
    .requiredOption('--config <file>', "the worker's YAML configuration")
    .option('--check', 'only check the configuration');
}

async function start({ flags, output }: Call<WorkerFlags>): Promise<undefined> {
  const config = loadConfig(flags.config);
  if (flags.check === true) {
    output.result({ ok: true, party: config.party }, `${flags.config} is in order`);
    return;
  }
  // Only here: the other commands should not wait for the libraries of a worker.
  const { runWorker } = await import('../worker.ts');
  await runWorker(config);
}
