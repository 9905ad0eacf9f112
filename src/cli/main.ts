/** The command line: all commands, their help, and how a wrong one ends. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { auditCommand } from './commands/audit.ts';
import { budgetCommand } from './commands/budget.ts';
import { campaignCommand } from './commands/campaign.ts';
import { demoCommand } from './commands/demo.ts';
import { doctorCommand } from './commands/doctor.ts';
import { healthCommand } from './commands/health.ts';
import { jobCommand } from './commands/job.ts';
import { keysCommand } from './commands/keys.ts';
import { modelsCommand } from './commands/models.ts';
import { predictCommand } from './commands/predict.ts';
import { tagsCommand } from './commands/tags.ts';
import { workerCommand } from './commands/worker.ts';
import { EXIT_USAGE, exitCodeTable } from './exit-codes.ts';

/** Parses the arguments and does what they say; sets `process.exitCode`. */
export async function run(argv: readonly string[]): Promise<void> {
  try {
    await program().parseAsync([...argv]);
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    process.exitCode = thrown.exitCode === 0 ? 0 : EXIT_USAGE;
  }
}

/** All commands, ready to parse; a wrong command line throws. */
export function program(): Command {
  const packageJson = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version, description } = JSON.parse(packageJson) as {
    version: string;
    description: string;
  };
  // Positional: `--version` after a command is that command's own.
  const sotto = new Command('sotto')
    .description(description)
    .version(version)
    .enablePositionalOptions();
  const commands = [
    demoCommand(),
    campaignCommand(),
    keysCommand(),
    workerCommand(),
    jobCommand(),
    predictCommand(),
    modelsCommand(),
    budgetCommand(),
    tagsCommand(),
    auditCommand(),
    doctorCommand(),
    healthCommand(),
  ];
  for (const command of commands) sotto.addCommand(command);
  sotto.addHelpText('after', `\nExit codes:\n${exitCodeTable()}`);
  strict(sotto);
  return sotto;
}

/** Every command throws instead of exiting, so that `run` decides the exit code. */
function strict(command: Command): void {
  command
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError('(add --help for all flags)');
  for (const child of command.commands) strict(child);
}
