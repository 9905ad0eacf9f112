/** A whole training between two worker processes, and the arithmetic that it is made of. */
import { availableParallelism } from 'node:os';
import { compare } from '../../src/cli/demo/baselines.ts';
import { STEP } from '../../src/protocols/vertical-lr/weights.ts';
import { type BenchOptions, costRow, median, type Row, race } from '../harness.ts';
import { beside, trainInTheClear } from '../plain-training.ts';
import { multiplyAccumulate } from '../primitives/multiply-accumulate.ts';
import {
  type Customers,
  columnNames,
  LABEL,
  makeCustomers,
  type Sizes,
  writeCustomers,
} from '../scenarios/synthetic.ts';
import { temporaryFolder } from '../scenarios/temporary-folder.ts';
import {
  configure,
  DATASET,
  type FinishedJob,
  foundCompanies,
  PARTIES,
  PURPOSE,
  runJob,
} from '../scenarios/two-companies.ts';

const PASSES = 10;
const RIDGE = 1e-3;
const HELD_OUT = 0.1;
const MEGABYTE = 1e6;

export async function* verticalLr({ quick }: BenchOptions): AsyncGenerator<Row, void, void> {
  const sizes: readonly Sizes[] = quick
    ? [{ rows: 2_000, bank: 5, company: 5 }]
    : [
        { rows: 10_000, bank: 10, company: 20 },
        { rows: 100_000, bank: 30, company: 30 },
      ];
  yield* multiplyAccumulate({ quick });
  for (const size of sizes) yield* training(size);
}

/** `rows` are for training; a tenth more is held out. */
async function* training(size: Sizes): AsyncGenerator<Row, void, void> {
  const name = `vertical-lr: ${size.rows / 1000}k x (${size.bank} + ${size.company})`;
  const customers = makeCustomers({ ...size, rows: Math.round(size.rows / (1 - HELD_OUT)) });
  await using folder = await temporaryFolder();
  const companies = await foundCompanies(folder.path);
  const tables = await writeCustomers(customers, companies.folders);
  // Both workers share this machine.
  await configure(companies, tables, Math.max(1, Math.floor(availableParallelism() / 2)));
  const finished = await runJob(companies, trainSpec(size));
  yield* costs(name, finished, await plainSeconds(customers));

  const { pooled } = await compare(finished.agreement, {
    active: { path: tables.bank, idColumn: 'id' },
    passive: { path: tables.company, idColumn: 'id' },
  });
  const joint = finished.report.metrics.joint;
  const of = (auc: number) => ({ unit: 'AUC', samples: 1, value: auc });
  yield {
    ...of(joint.auc),
    name: `${name}, joint AUC on held-out rows`,
    baseline: { name: 'pooled in the clear, to the optimum', value: pooled.auc },
    ratio: joint.auc / pooled.auc,
  };
  yield { ...of(joint.auc - pooled.auc), name: `${name}, AUC minus pooled AUC` };
}

function* costs(
  name: string,
  { report, job, peakBytes, passSeconds, passCpuSeconds }: FinishedJob,
  inTheClear: number,
): Generator<Row, void, void> {
  const phase = (wanted: string) => report.phases.find((one) => one.name === wanted)!;
  const train = phase('train');
  const once = { samples: 1 };
  yield {
    name: `${name}, seconds per pass`,
    value: median(passSeconds),
    unit: 's',
    baseline: { name: 'plain TypeScript', value: inTheClear / PASSES },
    ratio: inTheClear / PASSES / median(passSeconds),
    samples: passSeconds.length,
  };
  for (const party of PARTIES) {
    const cpu = `${name}, CPU per pass of the ${party}'s worker`;
    yield { name: cpu, value: passCpuSeconds[party], unit: 's', samples: passSeconds.length };
  }
  const baseline = { name: 'plain TypeScript', value: inTheClear };
  yield costRow(`${name}, training, ${PASSES} passes`, 's', train.seconds, baseline, 1);
  for (const other of ['align', 'prepare', 'evaluate']) {
    yield { ...once, name: `${name}, ${other}`, value: phase(other).seconds, unit: 's' };
  }
  for (const [way, bytes] of [
    ['bank to company', train.sentBytes],
    ['company to bank', train.receivedBytes],
  ] as const) {
    yield { ...once, name: `${name}, training, ${way}`, value: bytes / MEGABYTE, unit: 'MB' };
  }
  const pass = Number(job.parameters?.['bytes of a pass']) / MEGABYTE;
  yield { ...once, name: `${name}, bytes per pass, both ways`, value: pass, unit: 'MB' };
  for (const party of PARTIES) {
    const value = peakBytes[party] / MEGABYTE;
    yield { ...once, name: `${name}, peak RSS of the ${party}'s worker`, value, unit: 'MB' };
  }
}

/** The same passes in the clear, over all columns in one place. */
async function plainSeconds({ bank, company, labels }: Customers): Promise<number> {
  const features = beside(bank, company);
  const settings = { passes: PASSES, step: STEP, ridge: RIDGE };
  const [ms] = await race([() => trainInTheClear(features, labels, settings)], {
    rounds: 3,
    calls: 1,
  });
  return ms / 1000;
}

function trainSpec({ bank, company }: Sizes) {
  const named = (columns: number) => columnNames(columns).map((name) => ({ name }));
  return {
    purpose: PURPOSE,
    active: {
      party: 'bank',
      dataset: DATASET,
      columns: named(bank),
      label: { column: LABEL, positive: 'yes' },
    },
    passive: { party: 'company', dataset: DATASET, columns: named(company) },
    protocol: {
      case: 'train' as const,
      value: { passes: PASSES, ridge: RIDGE, heldOutFraction: HELD_OUT },
    },
  };
}
