/** What a second thread adds to the products of a pass: tasks without network or main thread between them. */
import { availableParallelism } from 'node:os';
import { openPool, type Pool } from '../../src/compute/pool.ts';
import { N, ringOf } from '../../src/primitives/he/index.ts';
import { randomResidues } from '../../test/support/ring.ts';
import { type BenchOptions, median } from '../harness.ts';

/** The gradient's products of 100k rows: as many terms as there are blocks, and outputs in a task as there. */
const TERMS = 25;
const OUTPUTS = 8;
const TASKS = 24;

export interface SpeedUp {
  /** How many times as fast two threads are as one. */
  readonly byClock: number;
  /** The same if each thread had a core to itself: it shows what threads cost each other, on a busy machine too. */
  readonly byCpu: number;
  readonly samples: number;
}

/** `undefined` where there is one core. Runs in turns, medians. */
export async function twoThreadSpeedUp({ quick }: BenchOptions): Promise<SpeedUp | undefined> {
  if (availableParallelism() < 2) return undefined;
  const rounds = quick ? 5 : 15;
  const work = productsOfAPass();
  await using one = openPool({ threads: 1 });
  await using two = openPool({ threads: 2 });
  const pools = [one, two] as const;
  const times: [number[], number[]] = [[], []];
  const cpu: [number[], number[]] = [[], []];
  for (const pool of pools) await work(pool); // every thread has loaded its modules
  for (let round = 0; round < rounds; round++) {
    for (const [i, pool] of pools.entries()) {
      const [since, used] = [performance.now(), process.cpuUsage()];
      await work(pool);
      times[i]!.push(performance.now() - since);
      const { user, system } = process.cpuUsage(used);
      cpu[i]!.push(user + system);
    }
  }
  return {
    byClock: median(times[0]) / median(times[1]),
    byCpu: (2 * median(cpu[0])) / median(cpu[1]),
    samples: rounds,
  };
}

function productsOfAPass(): (pool: Pool) => Promise<void> {
  const ring = ringOf([28, 28]);
  const shared = (count: number, seed: number) => {
    const residues = randomResidues(ring.primes, count, seed);
    const words = new Uint32Array(new SharedArrayBuffer(residues.byteLength));
    words.set(residues);
    return words;
  };
  const operands = {
    plain: shared(OUTPUTS * TERMS, 1),
    cipher0: shared(TERMS, 2),
    cipher1: shared(TERMS, 3),
    zero0: shared(OUTPUTS, 4),
    zero1: shared(OUTPUTS, 5),
  };
  const task = { ...operands, ring, terms: TERMS, count: OUTPUTS, dropBits: 8 };
  const run = async (pool: Pool): Promise<void> => {
    const { reply } = await pool.run('innerProduct', { ...task, keep: 'constant' });
    if (reply.length % (N / 8) !== 0) throw new Error('a reply is whole polynomials');
  };
  return async (pool) => {
    await Promise.all(Array.from({ length: TASKS }, () => run(pool)));
  };
}
