/** The same training in the clear, in one place: what the cost of a training between processes is held against. */
import { race } from '../harness.ts';
import { beside, trainInTheClear } from '../plain-training.ts';
import type { DirectTraining } from './direct-training.ts';
import { ownColumns, ownLabels } from './training-process.ts';

/** Of one pass, times their number: a pass is as long as any other. */
export async function plainSeconds({
  rows,
  bank,
  company,
  passes,
}: DirectTraining): Promise<number> {
  const ofBank = ownColumns({ rows, columns: bank, party: 'bank' });
  const labels = ownLabels(ofBank);
  const features = beside(ofBank, ownColumns({ rows, columns: company, party: 'company' }));
  const settings = { passes: 1, step: 1, ridge: 1e-3 };
  const [ms] = await race([() => trainInTheClear(features, labels, settings)], {
    rounds: 3,
    calls: 1,
  });
  return (passes * ms) / 1000;
}
