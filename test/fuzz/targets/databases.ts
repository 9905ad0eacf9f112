/** Databases, after somebody else had the disk: jobs and what they spent, and what tag queries were debited. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { freshKey, Vault } from '../../../src/base/sealed.ts';
import { JobSchema, JobState } from '../../../src/gen/sotto/job/v1/job_pb.ts';
import { ManifestSchema, QueryRequestSchema } from '../../../src/gen/sotto/tag/v1/tag_pb.ts';
import { AuditLog } from '../../../src/jobs/audit/log.ts';
import { Ledger } from '../../../src/jobs/ledger.ts';
import { Registry } from '../../../src/jobs/registry.ts';
import { RowNames } from '../../../src/jobs/row-sets.ts';
import { openState } from '../../../src/jobs/state.ts';
import { systemRandom } from '../../../src/jobs/system.ts';
import { Meter } from '../../../src/tags/meter.ts';
import { mutateBytes, type Word } from '../mutations.ts';
import { type Ending, fuzzFolder, ownFault, type Target } from '../target.ts';

/** The honest file in a fresh folder's place, changed; what a database keeps beside it is gone. */
function changedFile(file: string, honest: Uint8Array, word: Word): void {
  for (const beside of ['-wal', '-shm', '-journal']) rmSync(`${file}${beside}`, { force: true });
  writeFileSync(file, mutateBytes(honest, word));
}

const IDS = Array.from({ length: 300 }, (_, at) => `id ${at}`);
const DEBIT = { dataset: 'people', label: 'paid', job: 'f00d', attempt: 1, numbers: 5, ids: IDS };

const jobs: Target = {
  name: 'jobs and ledgers',
  weight: 15,
  async prepare() {
    const folder = fuzzFolder();
    const vault = new Vault(freshKey());
    const audit = new AuditLog({ stateDir: folder, vault, now: () => 0 }); // as long as there are cases
    const use = (): number => {
      const database = openState(folder);
      try {
        const ledger = new Ledger(database, new RowNames(database, systemRandom, vault), audit);
        new Registry(database).page(10, '');
        ledger.debitLabel(DEBIT);
        return ledger.labelsLeft('people', 'paid', 300);
      } finally {
        database.close();
      }
    };
    const database = openState(folder);
    const job = create(JobSchema, { id: 'f00d', peer: 'telco', state: JobState.SUCCEEDED });
    const nothing = { requestId: '', agreement: undefined, peerSignature: undefined };
    const requestSpec = new Uint8Array(3);
    new Registry(database).insert({ job, requestSpec, approved: true, ...nothing });
    database.close();
    const left = use();
    const file = join(folder, 'jobs.sqlite');
    const honest = readFileSync(file);
    return (word) => {
      changedFile(file, honest, word);
      return ownFault(() => (use() === left ? 'accepted' : 'refused'));
    };
  },
};

const debits: Target = {
  name: 'debits of tag queries',
  weight: 15,
  async prepare() {
    const file = join(fuzzFolder(), 'debits.sqlite');
    const quota = { perSecond: 0n, perDay: 1000n, perEpoch: 0n };
    const manifest = create(ManifestSchema, { datasetId: 'members', tenant: 'bank', quota });
    const request = create(QueryRequestSchema, {
      idempotencyKey: new Uint8Array(16).fill(1),
      blinded: new Uint8Array(32),
    });
    const use = async (): Promise<void> => {
      using meter = new Meter(file, () => 1000);
      await meter.debit(manifest, request);
      meter.total('bank', 'members');
      meter.usage(manifest, '');
    };
    await use();
    const honest = readFileSync(file);
    return async (word): Promise<Ending> => {
      changedFile(file, honest, word);
      await use();
      return 'accepted';
    };
  },
};

export const databaseTargets: readonly Target[] = [jobs, debits];
