/** From options to a worker that has taken up its jobs. */
import { join } from 'node:path';
import { Inventory } from '../model/inventory.ts';
import { Artifacts } from './artifacts.ts';
import { Board } from './board.ts';
import { Ledger } from './ledger.ts';
import type { WorkerOptions } from './options.ts';
import { Registry } from './registry.ts';
import { openState } from './state.ts';
import { Tables } from './tables.ts';
import { Worker } from './worker.ts';

/**
 * `await using worker = await openWorker(options)`: hears peers until it is disposed of.
 * @throws already-exists when another worker uses the state folder; invalid-argument for its version.
 */
export async function openWorker(options: WorkerOptions): Promise<Worker> {
  const database = openState(options.stateDir);
  const worker = new Worker(
    {
      options,
      board: new Board(new Registry(database), options.clock, options.log),
      ledger: new Ledger(database, options.random, options.vault),
      inventory: new Inventory(join(options.stateDir, 'models')),
      artifacts: new Artifacts(options.stateDir),
      tables: new Tables(options.datasets),
    },
    () => database.close(),
  );
  worker.start();
  return worker;
}
