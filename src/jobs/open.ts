/** From options to a worker that has taken up its jobs. */
import { join } from 'node:path';
import { Inventory } from '../model/inventory.ts';
import { Artifacts } from './artifacts.ts';
import { Board } from './board.ts';
import { Ledger } from './ledger.ts';
import type { WorkerOptions } from './options.ts';
import { budgetOf } from './policy.ts';
import { Registry } from './registry.ts';
import { ReleaseGate } from './release.ts';
import { RowNames } from './row-sets.ts';
import { openState } from './state.ts';
import { Tables } from './tables.ts';
import { Worker } from './worker.ts';

/**
 * `await using worker = await openWorker(options)`: hears peers until it is disposed of.
 * @throws already-exists when another worker uses the state folder; invalid-argument for its version.
 */
export async function openWorker(options: WorkerOptions): Promise<Worker> {
  const database = openState(options.stateDir);
  const names = new RowNames(database, options.random, options.vault);
  const budget = (peer: string, dataset: string) => budgetOf(options.offers, peer, dataset);
  const worker = new Worker(
    {
      options,
      board: new Board(new Registry(database), options.clock, options.log),
      ledger: new Ledger(database, names),
      gate: new ReleaseGate(database, names, options.vault, budget),
      inventory: new Inventory(join(options.stateDir, 'models'), options.vault),
      artifacts: new Artifacts(options.stateDir, options.vault),
      tables: new Tables(options.datasets),
    },
    () => database.close(),
  );
  worker.start();
  return worker;
}
