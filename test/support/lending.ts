/** Tables of a lender and of a telephone company that share most customers; who defaults follows from both. */
import { logistic } from '../../src/math/linear-model.ts';
import { wordsFrom } from './ring.ts';

export interface LendingTables {
  readonly 'loans.csv': string;
  readonly 'calls.csv': string;
}

/** Customers 0..bank have loans, customers `skip`..`skip + telco` telephones; rows in another order. */
export function lendingTables({ bank = 1_500, telco = 1_500, skip = 80, seed = 1 } = {}) {
  const word = wordsFrom(seed);
  const uniform = (): number => (word() + 0.5) / 2 ** 32;
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const loans: string[] = [];
  const calls: string[] = [];
  for (let customer = 0; customer < Math.max(bank, skip + telco); customer++) {
    const [income, age, minutes, trips, nights, talks] = Array.from({ length: 6 }, normal);
    const region = ['north', 'south', 'west'][word() % 3]!;
    const z = 1.2 * income! - 0.8 * minutes! + trips! + (region === 'north' ? 0.9 : 0) - 0.8;
    const bad = uniform() < logistic(z) ? 1 : 0;
    const id = `c${customer}`;
    const shownAge = word() % 20 === 0 ? '' : (40 + 10 * age!).toFixed(1);
    if (customer < bank) loans.push(`${id},${(1000 * income!).toFixed(1)},${shownAge},${bad}`);
    if (customer >= skip && customer < skip + telco) {
      const numbers = [minutes, trips, nights, talks].map((value) => value!.toFixed(4));
      calls.unshift(`${numbers.join(',')},${region},${id}`);
    }
  }
  return {
    'loans.csv': ['id,income,age,bad', ...loans].join('\n'),
    'calls.csv': ['minutes,trips,nights,calls,region,id', ...calls].join('\n'),
  } satisfies LendingTables;
}

const EXTRA = ['q', 'r', 's', 't', 'u', 'v', 'w'];
/** A row may be scored by one model for every four features: with these of the telephone company, by three. */
export const WIDE_COLUMNS = ['minutes', 'trips', 'nights', 'calls', 'region', ...EXTRA];

/** The same tables, with columns at the telephone company that say nothing. */
export function wideTables(): LendingTables {
  const files = lendingTables();
  const [header, ...rows] = files['calls.csv'].split('\n');
  const extra = (row: number): string =>
    EXTRA.map((_, i) => ((row * (2 * i + 7)) % 101) / 101).join();
  const wide = rows.map((line, row) => `${line},${extra(row)}`);
  return { ...files, 'calls.csv': [`${header},${EXTRA.join()}`, ...wide].join('\n') };
}
