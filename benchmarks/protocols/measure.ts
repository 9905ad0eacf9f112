/** Counting and summing over cohorts in one process, over memory: both parties' CPU time and the bytes between them. */
import { availableParallelism } from 'node:os';
import { openPool } from '../../src/compute/pool.ts';
import {
  activeMeasure,
  type MeasureTerms,
  passiveMeasure,
} from '../../src/protocols/measure/index.ts';
import { seededRandom } from '../../test/support/random.ts';
import { runPair } from '../../test/support/two-party.ts';
import type { BenchOptions, Row } from '../harness.ts';

const COHORTS = 20;
const METRICS = 3;

export async function* measureCohorts({ quick }: BenchOptions): AsyncGenerator<Row, void, void> {
  const each = quick ? 2_000 : 100_000;
  await using pool = openPool({ threads: availableParallelism() });
  await measure(1_000, pool); // every thread has loaded its modules
  const before = process.cpuUsage();
  const since = performance.now();
  const bytes = await measure(each, pool);
  const seconds = (performance.now() - since) / 1000;
  const { user, system } = process.cpuUsage(before);
  const name = `measure: ${COHORTS} cohorts x ${METRICS} metrics, ${each / 1000}k exposed, ${each / 1000}k converted, in memory`;
  yield { name, value: seconds, unit: 's', samples: 1 };
  yield {
    name: `${name}, CPU of both parties`,
    value: (user + system) / 1e6,
    unit: 's',
    samples: 1,
  };
  yield { name: `${name}, both ways`, value: bytes / (2 * each), unit: 'B/id', samples: 1 };
}

/** Half of the exposed converted; each metric has a column of values and one of squares. Resolves to bytes both ways. */
async function measure(each: number, pool: ReturnType<typeof openPool>): Promise<number> {
  const columns = Array.from({ length: METRICS }, () => [
    { most: 50_000, epsilon: 0.4 },
    { most: 2 ** 20, epsilon: 0.2 },
  ]).flat();
  const terms: MeasureTerms = {
    session: new Uint8Array(32),
    cohorts: COHORTS,
    columns,
    countEpsilon: 0.4,
    matchEpsilon: 1,
    least: 10,
    maxRows: each,
  };
  const ids = (from: number) => Array.from({ length: each }, (_, i) => `person ${from + i}`);
  const cohorts = Array.from({ length: COHORTS }, (_, g) =>
    Uint32Array.from({ length: each / COHORTS }, (_, i) => (each / COHORTS) * g + i),
  );
  const values = columns.map(({ most }) => new Float64Array(each).map((_, i) => i % most));
  const noise = seededRandom('noise');
  const [passive, active] = await runPair(
    (party) => passiveMeasure(party, { terms, ids: ids(0), cohorts, noise }),
    (party) => activeMeasure(party, { terms, ids: ids(each / 2), columns: values, noise }),
    { computes: [pool, pool], timeoutMs: 600_000 },
  );
  for (const { error } of [passive, active]) if (error !== undefined) throw error;
  return active.traffic.sent + active.traffic.received;
}
