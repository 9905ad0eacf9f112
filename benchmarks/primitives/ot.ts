/** Oblivious transfer on one thread: what a session, an extended transfer and a record cost. Points on libsodium's WASM are the baseline of a session. */
import { useEngine } from '../../src/primitives/group/index.ts';
import {
  BASE_ANSWER_COINS,
  BASE_CHOICE_COINS,
  EXTENSION_COINS,
  KAPPA,
  otBaseAnswer,
  otBaseChoose,
  otBaseOpen,
  otTasks,
  ready,
  transfersFor,
} from '../../src/primitives/ot/index.ts';
import { seededRandom } from '../../test/support/random.ts';
import { baseKeys } from '../../test/support/transfers.ts';
import { type BenchOptions, median, type Row } from '../harness.ts';

export async function* ot({ quick }: BenchOptions): AsyncGenerator<Row, void, void> {
  await ready();
  const rounds = quick ? 2 : 5;
  const base = await baseTransfers(rounds);
  yield base.row;
  for (const count of quick ? [1 << 12] : [1 << 10, 1 << 14, 1 << 17]) {
    yield extended(count, rounds, base.perSecond);
  }
  for (const count of [64, 1024]) yield record({ count, width: 96 }, rounds);
}

/** Milliseconds of one call: the median of so many. */
function time(rounds: number, work: () => void): number {
  work();
  const times = Array.from({ length: rounds }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
  return median(times);
}

/** All of both parties' work, so that the figures add up to one machine's. */
async function baseTransfers(rounds: number): Promise<{ row: Row; perSecond: number }> {
  const random = seededRandom('bench base');
  const session = random.bytes(32);
  const choices = random.bytes(KAPPA / 8);
  const [coins, others] = [random.bytes(BASE_CHOICE_COINS), random.bytes(BASE_ANSWER_COINS)];
  const both = (): void => {
    const choice = otBaseChoose({ session, choices, coins });
    const { answered } = otBaseAnswer({ session, offered: choice.offered, coins: others });
    otBaseOpen({ session, choices, ...choice, answered });
  };
  await useEngine('libsodium');
  const sodium = (1000 * KAPPA) / time(rounds, both);
  await useEngine('kernel');
  const perSecond = (1000 * KAPPA) / time(rounds, both);
  const row = {
    name: 'ot: base transfers, both parties',
    value: perSecond,
    unit: 'OTs/s',
    samples: rounds,
    baseline: { name: "the same on libsodium's WASM", value: sodium },
    ratio: perSecond / sodium,
  };
  return { row, perSecond };
}

function extended(count: number, rounds: number, basePerSecond: number): Row {
  const random = seededRandom('bench extension');
  const { delta, keys, chosen } = baseKeys('bench');
  const session = random.bytes(32);
  const choices = random.bytes(Math.ceil(count / 8));
  const coins = random.bytes(EXTENSION_COINS);
  const challenge = random.bytes(16);
  const ms = time(rounds, () => {
    const own = otTasks.otExtend({ batch: 0, count, keys, choices, coins });
    const { correction } = own;
    const { columns } = otTasks.otCorrelate({ batch: 0, count, keys: chosen, delta, correction });
    const answer = otTasks.otAnswerCheck({ ...own, challenge });
    otTasks.otVerify({ columns, delta, challenge, answer });
    otTasks.otPads({ session, batch: 0, count, columns: own.columns });
    otTasks.otPadPairs({ session, batch: 0, count, columns, delta });
  });
  const value = (1000 * count) / ms;
  return {
    name: `ot: extension by ${count}, both parties`,
    value,
    unit: 'OTs/s',
    baseline: { name: 'base transfers for each', value: basePerSecond },
    ratio: value / basePerSecond,
    samples: rounds,
  };
}

function record(set: { readonly count: number; readonly width: number }, rounds: number): Row {
  const random = seededRandom('bench records');
  const bits = transfersFor(set);
  const [zero, one] = [random.bytes(16 * bits), random.bytes(16 * bits)];
  const records = random.bytes(set.count * set.width);
  const corrections = random.bytes(Math.ceil(bits / 8));
  const ms = time(4 * rounds, () => {
    otTasks.otSealRecords({ ...set, zero, one, corrections, records });
  });
  const name = `ot: one of ${set.count} records of ${set.width} bytes (sender)`;
  return { name, value: 1000 / ms, unit: 'queries/s', samples: 4 * rounds };
}
