/** Aligning two tables in one process, over memory: what the group's arithmetic and its threads give. */
import { availableParallelism } from 'node:os';
import sodium from 'libsodium-wrappers-sumo';
import { openPool } from '../../src/compute/pool.ts';
import { alignFirst, alignSecond } from '../../src/protocols/psi/index.ts';
import { bothValues } from '../../test/support/two-party.ts';
import { type BenchOptions, median, type Row, race } from '../harness.ts';

export async function* psi({ quick }: BenchOptions): AsyncGenerator<Row, void, void> {
  const each = quick ? 1_000 : 10_000;
  const samples = quick ? 1 : 3;
  const baseline = await oneAtATime(quick ? 3 : 11);
  for (const threads of new Set([1, availableParallelism()])) {
    await using pool = openPool({ threads });
    await align(100, pool); // every thread has loaded its modules
    const rates: number[] = [];
    for (let i = 0; i < samples; i++) {
      const since = performance.now();
      await align(each, pool);
      rates.push((1000 * 2 * each) / (performance.now() - since));
    }
    const value = median(rates);
    yield {
      name: `psi: align ${each / 1000}k x ${each / 1000}k, in memory, ${threads} thread${threads === 1 ? '' : 's'} for both parties`,
      value,
      unit: 'ids/s',
      baseline: { name: 'libsodium, one id at a time', value: baseline },
      ratio: value / baseline,
      samples,
    };
  }
}

/** Half of each party's ids are the other's too. */
async function align(each: number, pool: ReturnType<typeof openPool>): Promise<void> {
  const ids = (from: number) => Array.from({ length: each }, (_, i) => `customer ${from + i}`);
  const input = { session: new Uint8Array(32), maxRows: each, minRows: 0 };
  const [first] = await bothValues(
    (party) => alignFirst(party, { ...input, ids: ids(0) }),
    (party) => alignSecond(party, { ...input, ids: ids(each / 2) }),
    { computes: [pool, pool], timeoutMs: 600_000 },
  );
  if (first.rows.length !== each / 2) throw new Error('the alignment is wrong');
}

/** Ids a second on one core: each is hashed to the group and multiplied by both parties' keys. */
export async function oneAtATime(rounds: number): Promise<number> {
  await sodium.ready;
  const scalar = sodium.crypto_core_ristretto255_scalar_random();
  const uniform = sodium.randombytes_buf(64);
  const one = (): void => {
    const point = sodium.crypto_core_ristretto255_from_hash(uniform);
    const blinded = sodium.crypto_scalarmult_ristretto255(scalar, point);
    sodium.crypto_scalarmult_ristretto255(scalar, blinded);
  };
  const [ms] = await race([one], { rounds, calls: 20 });
  return 1000 / ms;
}
