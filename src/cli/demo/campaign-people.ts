/**
 * Made-up people of a campaign: a bank's clients, a data company's audience, and how they respond. What a person buys
 * depends on columns of both parties, and on whether the offer was delivered: that is what the campaign is to find.
 */
import { createHash } from 'node:crypto';
import { logistic } from '../../math/linear-model.ts';

export interface Person {
  readonly id: string;
  readonly client: boolean;
  readonly inAudience: boolean;
  /** Of the bank, 0..1. */
  readonly bank: readonly number[];
  /** Of the company, 0..1. */
  readonly company: readonly number[];
  /** Holds the product already. */
  readonly holder: boolean;
  /** Logit of buying it without an offer. */
  readonly inclination: number;
}

export const BANK_COLUMNS = ['tenure', 'balance', 'transfers', 'salary', 'age'] as const;
export const COMPANY_COLUMNS = [
  ...['visits', 'travel', 'shopping', 'streaming', 'commute'],
  ...['evenings', 'devices', 'moves', 'searches'],
] as const;

/** What each column adds, from -1/2 to 1/2 of it. */
const BANK_WEIGHTS = [0.8, 1.6, 1.2, 1.4, -0.8];
const COMPANY_WEIGHTS = [1.8, 2.2, 1.4, -0.4, 0.2, -0.9, 0.5, 0, 2];
const PEOPLE = 17_000;
/** What an offer adds to the logit: most with those who travel, whom the first model knows less well. */
const OFFER = 0.5;

/** Uniform in 0..1, the same for the same words. */
export function coin(...words: readonly (string | number)[]): number {
  const digest = createHash('sha256').update(words.join('|')).digest();
  return digest.readUInt32BE(0) / 2 ** 32;
}

const linear = (values: readonly number[], weights: readonly number[]): number =>
  values.reduce((sum, value, i) => sum + (value - 0.5) * weights[i]!, 0);

export function makePeople(): readonly Person[] {
  return Array.from({ length: PEOPLE }, (_, row): Person => {
    const id = `P${String(row).padStart(6, '0')}`;
    const bank = BANK_COLUMNS.map((name) => coin(id, name));
    const company = COMPANY_COLUMNS.map((name) => coin(id, name));
    const inclination = -1.9 + linear(bank, BANK_WEIGHTS) + linear(company, COMPANY_WEIGHTS);
    const client = coin(id, 'client') < 0.55;
    return {
      id,
      client,
      inAudience: coin(id, 'audience') < 0.75,
      bank,
      company,
      holder: client && coin(id, 'holds') < logistic(inclination + 0.3),
      inclination,
    };
  });
}

export interface Response {
  readonly id: string;
  readonly spend: number;
}

/** Who buys within the window of the campaign, given to whom the offer was delivered. */
export function respond(
  people: readonly Person[],
  delivered: ReadonlySet<string>,
): readonly Response[] {
  return people.flatMap((person): Response[] => {
    const { id, holder, inclination, company } = person;
    const offer = delivered.has(id) ? OFFER + 0.9 * company[1]! : 0;
    if (holder || coin(id, 'buys') >= logistic(inclination + offer)) return [];
    return [{ id, spend: Math.round(20_000 * (0.2 + coin(id, 'spend') + company[2]!)) / 100 }];
  });
}

export function csvOf(header: readonly string[], rows: readonly (readonly unknown[])[]): string {
  return `${[header, ...rows].map((row) => row.join(',')).join('\n')}\n`;
}

const shown = (values: readonly number[]): string[] => values.map((value) => value.toFixed(4));

/** The bank's tables before the campaign: clients with the label of the first model, holders, and prospects. */
export function bankTables(people: readonly Person[]): Readonly<Record<string, string>> {
  const clients = people.filter(({ client }) => client);
  const row = ({ id, bank }: Person): string[] => [id, ...shown(bank)];
  return {
    'clients.csv': csvOf(
      ['id', ...BANK_COLUMNS, 'holder'],
      clients.map((person) => [...row(person), person.holder ? 'yes' : 'no']),
    ),
    'holders.csv': csvOf(
      ['id'],
      clients.filter(({ holder }) => holder).map(({ id }) => [id]),
    ),
    'prospects.csv': csvOf(
      ['id', ...BANK_COLUMNS],
      clients.filter(({ holder }) => !holder).map(row),
    ),
  };
}

export const audienceTable = (people: readonly Person[]): string =>
  csvOf(
    ['id', ...COMPANY_COLUMNS],
    people.filter(({ inAudience }) => inAudience).map(({ id, company }) => [id, ...shown(company)]),
  );

/** The bank's tables after it: who bought for how much, and of its prospects who did not. */
export function outcomeTables(
  people: readonly Person[],
  responses: readonly Response[],
): Readonly<Record<string, string>> {
  const bought = new Set(responses.map(({ id }) => id));
  return {
    'buyers.csv': csvOf(
      ['id', 'spend'],
      responses.map(({ id, spend }) => [id, spend]),
    ),
    'outcomes.csv': csvOf(
      ['id', ...BANK_COLUMNS, 'bought'],
      people
        .filter(({ client, holder }) => client && !holder)
        .map(({ id, bank }) => [id, ...shown(bank), bought.has(id) ? 'yes' : 'no']),
    ),
  };
}
