/** `sotto doctor`: what would keep jobs from running well, and what to do about it. */
import type { Command } from 'commander';
import { type Call, leaf } from '../command.ts';
import { loadConfig } from '../config.ts';
import { EXIT_JOB_FAILED } from '../exit-codes.ts';

interface Flags {
  readonly config: string;
}

export function doctorCommand(): Command {
  return leaf<Flags>(
    'doctor',
    'looks at machine, disk, keys, vault, tables and lines to peers; exit code 1 if jobs cannot run',
    look,
  ).requiredOption('--config <file>', "the worker's YAML configuration");
}

async function look({ flags, output }: Call<Flags>): Promise<number> {
  const config = loadConfig(flags.config);
  const { examine } = await import('../doctor/checks.ts');
  const findings = await examine(config);
  const styles = { ok: 'green', warn: 'yellow', fail: 'red' } as const;
  const width = Math.max(...findings.map(({ subject }) => subject.length));
  const lines = findings.flatMap(({ subject, level, found, remedy }) => [
    `${output.style(styles[level], level.padEnd(4))}  ${subject.padEnd(width)}  ${found}`,
    ...(remedy === '' ? [] : [`${' '.repeat(width + 8)}${remedy}`]),
  ]);
  const failed = findings.some(({ level }) => level === 'fail');
  output.result({ ok: !failed, findings }, lines.join('\n'));
  return failed ? EXIT_JOB_FAILED : 0;
}
