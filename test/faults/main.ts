/** `npm run test:faults -- <name> …`: does to jobs what machines, lines and cheats do; each command says what it takes. */
import { inOneFolder } from '../support/one-folder.ts';

const COMMANDS: Readonly<Record<string, () => Promise<unknown>>> = {
  kill: () => import('./kill-points.ts'),
  frames: () => import('./frames.ts'),
  lines: () => import('./lines.ts'),
  states: () => import('./states.ts'),
  simulate: () => import('./random-schedules.ts'),
};

const name = process.argv[2] ?? '';
const command = COMMANDS[name];
if (command === undefined) {
  console.error(`no command '${name}': expected one of ${Object.keys(COMMANDS).join(', ')}`);
  process.exitCode = 2;
} else {
  inOneFolder();
  await command();
}
// At once: while it frees what HTTP/2 left of broken connections, Node has been seen to spin for ever.
process.exit();
