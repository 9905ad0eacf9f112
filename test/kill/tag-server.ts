/**
 * A company's tag service in a process that dies by SIGKILL when it is told to: after the debit is on disk, before
 * the answer is out. `node tag-server.ts <folder> <port>`; waits for "serve", says "serving", and dies at its
 * n-th evaluation for "die <n> before|after".
 */
import type { Compute, TaskName } from '../../src/compute/compute.ts';
import { inlineCompute } from '../../src/compute/inline.ts';
import { serveTags } from '../../src/rpc/tag-service.ts';
import { tagService } from '../support/tag-company.ts';

const [folder = '', port = ''] = process.argv.slice(2);
const inline = inlineCompute();
let left = Number.POSITIVE_INFINITY;
let moment: 'before' | 'after' = 'before';

const die = (): void => {
  process.kill(process.pid, 'SIGKILL');
};

/** The one task between debit and answer is where it dies; what is computed is not changed. */
const compute: Compute = {
  threads: 1,
  async run(name, input, options) {
    const isEvaluation = (name satisfies TaskName) === 'oprfEvaluateEach';
    if (isEvaluation) left -= 1;
    if (isEvaluation && left === 0 && moment === 'before') die();
    const output = await inline.run(name, input, options);
    if (isEvaluation && left === 0) die();
    return output;
  },
};

async function serve(): Promise<void> {
  await serveTags({ listen: `127.0.0.1:${port}`, ...(await tagService(folder, compute)) });
  process.send?.('serving');
}

process.on('message', (message) => {
  const [verb, count, when] = String(message).split(' ');
  if (verb === 'serve') {
    serve().catch((thrown: unknown) => {
      console.error(thrown);
      process.exit(1);
    });
  } else {
    left = Number(count);
    moment = when === 'after' ? 'after' : 'before';
    process.send?.('armed');
  }
});
process.once('disconnect', () => process.exit());
process.send?.('loaded');
