/** From options to a worker that has taken up its jobs. */
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { Inventory } from '../model/inventory.ts';
import { Artifacts } from './artifacts.ts';
import { AuditLog } from './audit/log.ts';
import { Board } from './board.ts';
import { Journals } from './journal.ts';
import { Lapses } from './lapses.ts';
import { Ledger } from './ledger.ts';
import type { WorkerOptions } from './options.ts';
import { budgetOf } from './policy.ts';
import { hasEnded, Registry } from './registry.ts';
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
  const audit = openAudit(options, database);
  const registry = new Registry(database);
  const journals = new Journals(options.disk, options.vault, join(options.stateDir, 'journals'));
  const isOver = (jobId: string): boolean => {
    const record = registry.find(jobId);
    return record === undefined || hasEnded(record.job);
  };
  await journals.sweep(isOver);
  const names = new RowNames(database, options.random, options.vault);
  const budget = (peer: string, dataset: string) => budgetOf(options.offers, peer, dataset);
  const board = new Board(registry, options, audit, (jobId) => {
    // What is left of a journal that cannot be removed now, is swept out when the worker starts again.
    void journals.remove(jobId).catch(() => {});
    lapses.forget(jobId);
  });
  const lapses = new Lapses(board, options);
  const worker = new Worker(
    {
      options,
      board,
      lapses,
      journals,
      ledger: new Ledger(database, names, audit),
      gate: new ReleaseGate(database, names, options.vault, budget, audit),
      inventory: new Inventory(join(options.stateDir, 'models'), options.vault),
      artifacts: new Artifacts(options.stateDir, options.vault),
      tables: new Tables(options.datasets),
      audit,
    },
    () => {
      audit[Symbol.dispose]();
      database.close();
    },
  );
  worker.start();
  return worker;
}

function openAudit({ stateDir, vault, clock }: WorkerOptions, database: DatabaseSync): AuditLog {
  try {
    return new AuditLog({ stateDir, vault, now: () => clock.now() });
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}
