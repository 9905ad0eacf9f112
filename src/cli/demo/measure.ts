/** The demo's measurement: half of the company's people got a made-up offer, and the bank knows who took it. */
import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { JobSpecSchema } from '../../gen/sotto/job/v1/agreement_pb.ts';
import type { Job } from '../../gen/sotto/job/v1/job_pb.ts';
import type { Measurement } from '../../model/measurement.ts';
import type { OperatorClient } from '../connection.ts';
import { coin, csvOf } from './campaign-people.ts';
import type { DemoParty, DemoSetup } from './setup.ts';

export const COHORTS = ['offer', 'no offer'] as const;
/** Share that takes it, with the offer and without. */
const RATES = { offer: 0.3, 'no offer': 0.18 } as const;
export const EXPOSED = 'exposed';
export const RESPONSES = 'responses';
/** Noise beyond so many standard deviations has a probability below 10^-6. */
const FAR = 11;

const cohortOf = (id: string): (typeof COHORTS)[number] =>
  coin(id, 'cohort') < 0.5 ? 'offer' : 'no offer';

const idsOf = async (table: string): Promise<string[]> => {
  const [header, ...lines] = (await readFile(table, 'utf8')).trimEnd().split('\n');
  const at = header!.split(',').indexOf('id');
  return lines.map((line) => line.split(',')[at]!);
};

/** Every id of the company has a cohort; of the bank's customers some took the offer, and spent. */
async function tablesOf({ bank, company }: Pick<DemoSetup, 'bank' | 'company'>) {
  const exposed = (await idsOf(company.table)).map((id) => [id, cohortOf(id)] as const);
  const responses = (await idsOf(bank.table)).flatMap((id): (readonly [string, number])[] =>
    coin(id, 'takes') < RATES[cohortOf(id)]
      ? [[id, Math.round(10_000 * coin(id, 'spends')) / 100]]
      : [],
  );
  return { exposed, responses };
}

export async function writeMeasureTables(bank: DemoParty, company: DemoParty): Promise<void> {
  const { exposed, responses } = await tablesOf({ bank, company });
  await writeFile(join(company.folder, `${EXPOSED}.csv`), csvOf(['id', 'cohort'], exposed));
  await writeFile(join(bank.folder, `${RESPONSES}.csv`), csvOf(['id', 'spend'], responses));
}

export interface MeasureFindings {
  readonly cohorts: readonly {
    readonly name: string;
    readonly exposed: number;
    readonly converted: number;
    readonly rate: number;
    readonly sum: number;
  }[];
  /** Both parties hold the same result, and every number is as far from the plain one as its noise may be. */
  readonly correct: boolean;
  readonly seconds: number;
}

export async function measureOffer(
  setup: DemoSetup,
  operators: { readonly bank: OperatorClient; readonly company: OperatorClient },
  purpose: string,
  settled: (operator: OperatorClient, id: string) => Promise<Job>,
): Promise<MeasureFindings> {
  const { bank, company } = operators;
  const spec = create(JobSpecSchema, {
    purpose,
    active: { party: 'bank', dataset: RESPONSES },
    passive: { party: 'company', dataset: EXPOSED },
    protocol: {
      case: 'measure',
      value: {
        cohortColumn: 'cohort',
        cohorts: [{ name: 'offer', control: 'no offer' }, { name: 'no offer' }],
        metrics: [{ column: 'spend', least: 0, most: 100, decimals: 2 }],
      },
    },
  });
  const started = performance.now();
  const { id } = await bank.submit(spec, randomUUID());
  await settled(bank, id);
  await settled(company, id); // ends a moment later
  const seconds = (performance.now() - started) / 1000;
  const texts = await Promise.all(
    [bank, company].map(async (operator) =>
      new TextDecoder().decode(await operator.artifact(id, 'measure.json')),
    ),
  );
  const measurement = JSON.parse(texts[0]!) as Measurement;
  const cohorts = measurement.cohorts.map(({ name, exposed, converted, rate, metrics }) => ({
    name,
    exposed: exposed ?? 0,
    converted: converted ?? 0,
    rate: rate?.value ?? 0,
    sum: metrics?.[0]?.sum ?? 0,
  }));
  const correct = texts[0] === texts[1] && (await isNear(setup, measurement));
  return { cohorts, correct, seconds };
}

/** Held to plain arithmetic on both tables, which only a demo has in one place. */
async function isNear(setup: DemoSetup, { cohorts, noise }: Measurement): Promise<boolean> {
  const { exposed, responses } = await tablesOf(setup);
  const spent = new Map(responses);
  return cohorts.every(({ name, exposed: people, converted, metrics }) => {
    const members = exposed.filter(([, cohort]) => cohort === name);
    const values = members.flatMap(([id]) => spent.get(id) ?? []);
    const sum = values.reduce((total, value) => total + value, 0);
    return (
      people === members.length &&
      Math.abs((converted ?? 0) - values.length) <= FAR * noise.count &&
      Math.abs((metrics?.[0]?.sum ?? 0) - sum) <= FAR * noise.sums[0]!
    );
  });
}

/** For the demo's page of text. */
export const measureLines = ({ cohorts, correct, seconds }: MeasureFindings): string[] => [
  `  who took an offer, counted without showing who, in ${seconds.toFixed(1)} s${correct ? '' : ': NOT as plain arithmetic says'}`,
  ...cohorts.map(
    ({ name, exposed, converted, rate }) =>
      `  ${name.padEnd(12)}${exposed.toLocaleString('en-US').padStart(8)} people${converted.toLocaleString('en-US').padStart(8)} took it${`${(100 * rate).toFixed(1)} %`.padStart(9)}`,
  ),
];
