/** A company that serves a sealed table and a bank with a sidecar, as folders and processes of their own. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePorts, startWorker, type WorkerProcess } from '../../src/cli/demo/processes.ts';
import { initKeys, initOperator, publicFile } from '../../src/rpc/keys.ts';
import { members } from './tag-parts.ts';

export interface TagSites extends AsyncDisposable {
  readonly folder: string;
  readonly bankConfig: string;
  readonly companyConfig: string;
  /** "host:port" of the sidecar. */
  readonly grpc: string;
  readonly http: string;
  start(party: 'bank' | 'company'): Promise<WorkerProcess>;
}

export interface TagSitesOptions {
  readonly rows: number;
  readonly perDay?: number;
  /** Buckets besides the mirror; the bank then admits no download, and so much anonymity. */
  readonly bucketAnonymity?: number;
  /** Absent: certificates of operators are asked for. */
  readonly tls?: 'none';
}

const FIELDS = [
  { name: 'score', type: 'int' },
  { name: 'share', type: 'float' },
  { name: 'member', type: 'bool' },
  { name: 'since', type: 'date' },
  { name: 'tier', type: 'enum', words: ['gold', 'silver'] },
  { name: 'note', type: 'string', maxBytes: 20 },
];

export async function setUpTagSites(options: TagSitesOptions): Promise<TagSites> {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-tags-'));
  const ports = await freePorts(6);
  const [peerPort, bankPort, companyPort, tagPort, grpcPort, httpPort] = ports;
  const at = (port: number | undefined): string => `127.0.0.1:${port}`;
  for (const [party, other] of [
    ['bank', 'company'],
    ['company', 'bank'],
  ] as const) {
    const keys = join(folder, party, 'keys');
    mkdirSync(join(folder, other), { recursive: true });
    await initKeys(party, keys);
    await initOperator('op', keys);
    cpSync(publicFile(keys, party), publicFile(join(folder, other), party));
  }
  writeFileSync(join(folder, 'company', 'members.csv'), members(options.rows));
  const shared = (party: string, port: number | undefined) => ({
    party,
    operators: {
      listen: at(port),
      certificates: [{ file: 'keys/op.public.pem', role: 'approver' }],
    },
    limits: { threads: 1, connectSeconds: 2, unavailableAfterSeconds: 3 },
  });
  const { perDay = 0, bucketAnonymity } = options;
  const hidden = bucketAnonymity === undefined ? {} : { bucketAnonymity };
  const offer = { peer: 'bank', purposes: ['marketing'], perDay, ...hidden };
  const policy =
    bucketAnonymity === undefined ? {} : { minAnonymity: bucketAnonymity, maxDownloadMiB: 0 };
  const company = {
    ...shared('company', companyPort),
    listen: at(peerPort),
    peers: [{ name: 'bank', publicKey: 'bank.public.pem' }],
    datasets: {
      members: { path: 'members.csv', idColumn: 'phone', idNormalization: ['phone-digits'] },
    },
    tags: {
      listen: at(tagPort),
      tables: { members: { idType: 'phone', fields: FIELDS, offers: [offer] } },
    },
  };
  const bank = {
    ...shared('bank', bankPort),
    peers: [{ name: 'company', address: at(peerPort), publicKey: 'company.public.pem' }],
    tags: {
      mirrors: {
        members: { peer: 'company', address: at(tagPort), purpose: 'marketing', ...policy },
      },
      sidecar: {
        grpc: at(grpcPort),
        http: at(httpPort),
        tls: options.tls ?? 'mutual',
        reflection: true,
      },
    },
  };
  const configs = {
    bank: join(folder, 'bank', 'bank.yaml'),
    company: join(folder, 'company', 'company.yaml'),
  };
  writeFileSync(configs.bank, stringify(bank));
  writeFileSync(configs.company, stringify(company));
  const running: WorkerProcess[] = [];
  return {
    folder,
    bankConfig: configs.bank,
    companyConfig: configs.company,
    grpc: at(grpcPort),
    http: at(httpPort),
    start: async (name) => {
      const logFile = join(folder, `${name}${running.length}.log`);
      const worker = await startWorker({ name, config: configs[name], logFile });
      running.push(worker);
      return worker;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(running.map((worker) => worker[Symbol.asyncDispose]()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
