/**
 * Goal: a thousand queries at once are answered alike, also by a company that dies; and one bank's flood does not become
 * another's delay.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { openPool } from '../../src/compute/pool.ts';
import { debitsIn } from '../support/debits.ts';
import { ask, Company, openBank, type Tally } from './site.ts';

interface Counts {
  readonly fault: string;
  readonly protocol: 'tag query';
  readonly runs: number;
  readonly same: number;
  readonly sameAbort: number;
  /** Wrong answers, and one if the slowest hundredth took too long beside the others. */
  readonly wrong: number;
  readonly hung: number;
}

/** Of real kills: every answer right, or a failure that says why; and each request debited once. */
export interface KilledRow extends Counts {
  readonly kills: number;
  readonly doubleCharges: number;
}

export interface TimedRow extends Counts {
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** One query at a time, and nobody else. */
  readonly soloP99Ms: number;
  /** CPU time for a query, at the company and (with its own cryptography) at the bank. */
  readonly companyCpuMs: number;
  readonly bankCpuMs: number;
}

/** p99 over p50 of queries at once; and p99 beside a flood over p99 without. */
const MOST_SPREAD = 5;
const MOST_DELAY = 2;

const at = (share: number, { timesMs }: Pick<Tally, 'timesMs'>): number => {
  const sorted = timesMs.toSorted((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
};

const ownCpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

export type Row = TimedRow | KilledRow;

export interface Sizes {
  /** Queries at once of the first bank. */
  readonly atOnce: number;
  /** Of the second bank in each turn, one at a time. */
  readonly queries: number;
}

export async function* loadRows(sizes: Sizes): AsyncGenerator<Row, void, void> {
  await using company = await Company.open(4_000);
  yield await together(company, sizes);
  yield await besideFlood(company, sizes);
  yield await whileKilled(company, sizes);
}

async function together(company: Company, { atOnce, queries }: Sizes): Promise<TimedRow> {
  await using compute = openPool({ threads: 1 });
  await using bank = await openBank(company.folder, 'bank', company.address, compute);
  const { rows } = company;
  await ask(bank.client, rows, { queries: atOnce, atOnce }); // threads and connections warm up
  const solo = await ask(bank.client, rows, { queries: 10 * queries, atOnce: 1 });
  const before = [await company.cpuMs(), ownCpuMs()] as const;
  const tally = await ask(bank.client, rows, { queries: atOnce, atOnce });
  const after = [await company.cpuMs(), ownCpuMs()] as const;
  const [p50Ms, p99Ms] = [at(0.5, tally), at(0.99, tally)];
  return {
    fault: `${atOnce.toLocaleString('en')} concurrent queries`.replace(',', ''),
    protocol: 'tag query',
    runs: atOnce,
    same: tally.same,
    sameAbort: 0,
    wrong: tally.wrong + (p99Ms > MOST_SPREAD * p50Ms ? 1 : 0),
    hung: tally.hung + tally.sameAbort,
    p50Ms,
    p99Ms,
    soloP99Ms: at(0.99, solo),
    companyCpuMs: (after[0] - before[0]) / atOnce,
    bankCpuMs: (after[1] - before[1]) / atOnce,
  };
}

/** The median of the turns', since a machine that stands still for a moment does so in one of them. */
const usualP99 = (turns: readonly Tally[]): number =>
  at(0.5, { timesMs: turns.map((turn) => at(0.99, turn)) });

/**
 * Alternately alone and beside the flood, so that a machine that changes its mood does so to both. The ratio of what
 * sixteen turns say spreads by a tenth of itself from one run to the next.
 */
const TURNS = 48;

async function besideFlood(company: Company, { atOnce, queries }: Sizes): Promise<TimedRow> {
  const { folder, address, rows } = company;
  await using compute = openPool({ threads: 1 });
  await using second = await openBank(folder, 'second', address, compute);
  const flood = fork(join(import.meta.dirname, 'flood.ts'), [folder, address, String(atOnce)]);
  await once(flood, 'message');
  const load = { queries, atOnce: 1 };
  await ask(second.client, rows, load);
  const solo: Tally[] = [];
  const flooded: Tally[] = [];
  const cpu = { company: 0, bank: 0 };
  for (let turn = 0; turn < TURNS; turn += 1) {
    const before = [await company.cpuMs(), ownCpuMs()] as const;
    solo.push(await ask(second.client, rows, load));
    cpu.company += (await company.cpuMs()) - before[0];
    cpu.bank += ownCpuMs() - before[1];
    flood.send('go');
    flooded.push(await ask(second.client, rows, load));
    flood.send('pause');
    await once(flood, 'message');
  }
  flood.send('end');
  const [floods] = (await once(flood, 'message')) as [Tally];
  flood.kill();
  const [alone, beside] = [merged(solo), merged(flooded)];
  const [soloP99Ms, p99Ms] = [usualP99(solo), usualP99(flooded)];
  const all = merged([alone, beside, { ...floods, sameAbort: 0, timesMs: [] }]);
  const asked = alone.timesMs.length;
  return {
    fault: 'second peer while the first floods',
    protocol: 'tag query',
    runs: all.same + all.wrong + all.hung,
    same: all.same,
    sameAbort: 0,
    wrong: all.wrong + (p99Ms > MOST_DELAY * soloP99Ms ? 1 : 0),
    hung: all.hung + all.sameAbort,
    p50Ms: at(0.5, beside),
    p99Ms,
    soloP99Ms,
    companyCpuMs: cpu.company / asked,
    bankCpuMs: cpu.bank / asked,
  };
}

const KILLS = 4;
const KILLED_EVERY_MS = 5_000;

/** The last row of a company: it is not there afterwards. */
async function whileKilled(company: Company, { atOnce }: Sizes): Promise<KilledRow> {
  const { folder, address, rows } = company;
  await using compute = openPool({ threads: 1 });
  await using bank = await openBank(folder, 'bank', address, compute);
  let isOver = false;
  const killing = async (): Promise<void> => {
    for (let kill = 0; kill < KILLS; kill += 1) {
      await setTimeout(KILLED_EVERY_MS);
      await company.kill();
      await company.serveAgain();
    }
    isOver = true;
  };
  const killed = killing();
  const tallies: Tally[] = [];
  while (!isOver) tallies.push(await ask(bank.client, rows, { queries: atOnce, atOnce }));
  await killed;
  await company.kill();
  const { same, sameAbort, wrong, hung } = merged(tallies);
  const { items, requests } = debitsIn(folder);
  const doubleCharges = items - requests;
  return {
    fault: `${atOnce} concurrent queries, company killed every ${KILLED_EVERY_MS / 1000} s`,
    protocol: 'tag query',
    runs: same + sameAbort + wrong + hung,
    same,
    sameAbort,
    wrong: wrong + doubleCharges,
    hung,
    kills: KILLS,
    doubleCharges,
  };
}

const merged = (tallies: readonly Tally[]): Tally => ({
  same: tallies.reduce((sum, { same }) => sum + same, 0),
  sameAbort: tallies.reduce((sum, { sameAbort }) => sum + sameAbort, 0),
  wrong: tallies.reduce((sum, { wrong }) => sum + wrong, 0),
  hung: tallies.reduce((sum, { hung }) => sum + hung, 0),
  timesMs: tallies.flatMap(({ timesMs }) => timesMs),
});
