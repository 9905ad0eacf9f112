/** How a command is declared: --json on every one, a failure told once, and its exit code from the table. */
import { Command } from 'commander';
import { EXIT_CODES } from './exit-codes.ts';
import { type Output, openOutput, tellError } from './output.ts';

/** What every action gets: the command's own flags, its arguments, and where to speak. */
export interface Call<Flags> {
  readonly flags: Flags;
  readonly args: readonly string[];
  readonly output: Output;
}

/** A command with an action that may throw a SottoError; a returned number is the exit code. */
export function leaf<Flags>(
  usage: string,
  description: string,
  action: (call: Call<Flags & { json?: boolean }>) => Promise<number | undefined>,
): Command {
  const command = new Command(usage.split(' ')[0]);
  for (const argument of usage.split(' ').slice(1)) command.argument(argument);
  command.description(description).option('--json', 'one JSON object a line on stdout');
  command.action(async () => {
    const flags = command.opts<Flags & { json?: boolean }>();
    const output = openOutput(flags);
    try {
      process.exitCode = (await action({ flags, args: command.args, output })) ?? 0;
    } catch (thrown) {
      process.exitCode = EXIT_CODES[tellError(output, thrown, command.parent?.name()).code];
    }
  });
  return command;
}

/** A command that only holds others. */
export function group(name: string, description: string, commands: readonly Command[]): Command {
  const command = new Command(name).description(description);
  for (const child of commands) command.addCommand(child);
  return command;
}
