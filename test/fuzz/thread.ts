/** A thread that runs every `step`th case from `from` on, and says how each ended as soon as it has. */
import { parentPort, workerData } from 'node:worker_threads';
import { Runner, type Subject } from './cases.ts';

const { subject, seed, from, until, step } = workerData as {
  readonly subject: Subject;
  readonly seed: number;
  readonly from: number;
  readonly until: number;
  readonly step: number;
};

const runner = new Runner(seed, subject);
await runner.prepare();
parentPort!.postMessage('ready');
for (let number = from; number < until; number += step) {
  parentPort!.postMessage(await runner.run(number));
}
process.exit(0); // workers that cases left open do not keep it
