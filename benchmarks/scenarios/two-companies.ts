/** Two workers as two companies run them: processes, mutual TLS on loopback, and a job through the operators' services. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fromBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { stringify } from 'yaml';
import { withOperator } from '../../src/cli/connection.ts';
import { freePorts, startWorker, tailsOf } from '../../src/cli/demo/processes.ts';
import { ended } from '../../src/cli/progress.ts';
import {
  type Agreement,
  AgreementSchema,
  type JobSpecSchema,
} from '../../src/gen/sotto/job/v1/agreement_pb.ts';
import { type Job, JobState } from '../../src/gen/sotto/job/v1/job_pb.ts';
import type { Report } from '../../src/model/report.ts';
import { initKeys, initOperator, publicFile } from '../../src/rpc/index.ts';
import { peakBytesOf } from './one-party.ts';

export const PARTIES = ['bank', 'company'] as const;
export type PartyName = (typeof PARTIES)[number];
export type PerParty = Readonly<Record<PartyName, number>>;
/** Each party's only dataset. */
export const DATASET = 'customers';
export const PURPOSE = 'benchmark';

export interface Companies {
  readonly folders: Readonly<Record<PartyName, string>>;
  readonly configs: Readonly<Record<PartyName, string>>;
}

/** A finished job, and what it took. */
export interface FinishedJob {
  readonly job: Job;
  readonly report: Report;
  readonly agreement: Agreement;
  /** Of each pass but the first and the last. */
  readonly passSeconds: readonly number[];
  /** Processor time of such a pass, all threads of a worker. */
  readonly passCpuSeconds: PerParty;
  /** Largest resident set of each worker, in bytes. */
  readonly peakBytes: PerParty;
}

/** Folders and keys of both, each with the other's public file. */
export async function foundCompanies(root: string): Promise<Companies> {
  const folderOf = (party: PartyName): string => join(root, party);
  for (const party of PARTIES) {
    await mkdir(folderOf(party));
    await initKeys(party, join(folderOf(party), 'keys'));
    await initOperator('operator', join(folderOf(party), 'keys'));
  }
  for (const [party, other] of [PARTIES, PARTIES.toReversed()] as [PartyName, PartyName][]) {
    await copyFile(
      publicFile(join(folderOf(party), 'keys'), party),
      publicFile(folderOf(other), party),
    );
  }
  return {
    folders: { bank: folderOf('bank'), company: folderOf('company') },
    configs: {
      bank: join(folderOf('bank'), 'worker.yaml'),
      company: join(folderOf('company'), 'worker.yaml'),
    },
  };
}

/** Writes both configurations: the company dials, and admits the bank's proposals by rule. */
export async function configure(
  { configs }: Companies,
  tables: Readonly<Record<PartyName, string>>,
  threads: number,
): Promise<void> {
  const [peerPort, ...operatorPorts] = await freePorts(3);
  for (const [index, party] of PARTIES.entries()) {
    const peer = party === 'bank' ? 'company' : 'bank';
    const dials = party === 'company';
    const config = {
      party,
      ...(dials ? {} : { listen: `127.0.0.1:${peerPort}` }),
      peers: [
        {
          name: peer,
          publicKey: `${peer}.public.pem`,
          ...(dials ? { address: `127.0.0.1:${peerPort}` } : {}),
        },
      ],
      operators: {
        listen: `127.0.0.1:${operatorPorts[index]}`,
        certificates: [{ file: 'keys/operator.public.pem', role: 'approver' }],
      },
      datasets: {
        [DATASET]: {
          path: tables[party],
          idColumn: 'id',
          offeredTo: [{ peer, purposes: [PURPOSE], columns: 'all' }],
        },
      },
      autoApprove: [{ peer, protocol: '*', dataset: DATASET, purpose: PURPOSE }],
      limits: { threads },
    };
    await writeFile(configs[party], stringify(config));
  }
}

/** Runs one job from the bank between two fresh workers, and stops them however it ends. */
export async function runJob(
  { folders, configs }: Companies,
  spec: MessageInitShape<typeof JobSpecSchema>,
): Promise<FinishedJob> {
  return await withWorkers({ folders, configs }, (pids) =>
    withOperator({ config: configs.bank }, async (bank) => {
      const { id } = await bank.submit(spec, randomUUID());
      const clock = new PassClock(pids);
      for await (const job of bank.watch(id, new AbortController().signal)) {
        clock.see(job);
        if (ended(job)) break;
      }
      const job = await bank.get(id);
      if (job.state !== JobState.SUCCEEDED) {
        throw new Error(`the job failed: ${job.error?.code} ${job.error?.message}`);
      }
      const file = async (name: string): Promise<unknown> =>
        JSON.parse(new TextDecoder().decode(await bank.artifact(id, name)));
      const signed = (await file('agreement.json')) as { readonly bytes: string };
      return {
        job,
        report: (await file('report.json')) as Report,
        agreement: fromBinary(AgreementSchema, Buffer.from(signed.bytes, 'base64')),
        peakBytes: { bank: peakBytesOf(pids.bank), company: peakBytesOf(pids.company) },
        passSeconds: clock.seconds,
        passCpuSeconds: clock.cpuSeconds,
      };
    }),
  );
}

async function withWorkers<T>(
  { folders, configs }: Companies,
  act: (pids: PerParty) => Promise<T>,
): Promise<T> {
  const start = (name: PartyName) =>
    startWorker({ name, config: configs[name], logFile: join(folders[name], 'worker.log') });
  await using bank = await start('bank');
  await using company = await start('company');
  const pids = { bank: bank.process.pid!, company: company.process.pid! };
  try {
    return await Promise.race([act(pids), bank.gone, company.gone]);
  } catch (error) {
    process.stderr.write(tailsOf([bank, company]));
    throw error;
  }
}

/** The clock at a moment of a pass, and processor time used by each worker until then. */
interface Moment {
  readonly ms: number;
  readonly cpu: PerParty;
}

/** When each pass was first heard of; all at the same step of a pass, so that neighbours are one pass apart. */
class PassClock {
  readonly #began = new Map<number, Moment>();
  readonly #pids: PerParty;

  constructor(pids: PerParty) {
    this.#pids = pids;
  }

  see({ progress }: Job): void {
    const pass = Number(/^pass (\d+)/.exec(progress?.detail ?? '')?.[1]);
    if (!(pass >= 2) || this.#began.has(pass)) return;
    const { bank, company } = this.#pids;
    const cpu = { bank: cpuSecondsOf(bank), company: cpuSecondsOf(company) };
    this.#began.set(pass, { ms: performance.now(), cpu });
  }

  /** Of each pass but the first, which is half of the others, and the last; news may skip one. */
  get seconds(): number[] {
    const seen = [...this.#began];
    return seen.slice(1).map(([pass, { ms }], i) => {
      const [before, since] = seen[i]!;
      return (ms - since.ms) / 1000 / (pass - before);
    });
  }

  get cpuSeconds(): PerParty {
    const seen = [...this.#began];
    const [[first, before], [last, after]] = [seen[0]!, seen.at(-1)!];
    const mean = (party: PartyName) => (after.cpu[party] - before.cpu[party]) / (last - first);
    return { bank: mean('bank'), company: mean('company') };
  }
}

/** User and system time of all threads of a process: fields 14 and 15 of its line, in hundredths of a second. */
function cpuSecondsOf(pid: number): number {
  const line = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
