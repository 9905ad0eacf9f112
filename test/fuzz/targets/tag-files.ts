/** Sealed tables on disk: what the bank keeps of them, and what the company serves them from. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { inlineCompute } from '../../../src/compute/inline.ts';
import { systemRandom } from '../../../src/jobs/system.ts';
import { ReceiptStore } from '../../../src/tags/audit.ts';
import { readCheckpoint, writeCheckpoint } from '../../../src/tags/checkpoint.ts';
import { RowIndex } from '../../../src/tags/row-index.ts';
import { ServedTables } from '../../../src/tags/served-tables.ts';
import { TEST_VAULT } from '../../support/tag-company.ts';
import { idOf } from '../../support/tag-parts.ts';
import { mutateBytes, oneOf, type Word } from '../mutations.ts';
import { openTagStage } from '../tag-stage.ts';
import { type Ending, fuzzFolder, ownFault, type Target } from '../target.ts';

/** Files below a folder whose names end so. */
function filesIn(folder: string, ends: readonly string[]): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => ends.some((end) => name.endsWith(end)))
    .map((name) => join(folder, name));
}

/** Runs with one of the files changed, and puts it back. */
async function withChanged<T>(files: readonly string[], word: Word, run: () => Promise<T> | T) {
  const file = oneOf(word, files);
  const honest = readFileSync(file);
  writeFileSync(file, mutateBytes(honest, word));
  try {
    return await run();
  } finally {
    writeFileSync(file, honest);
  }
}

/** An answer that comes is the right one, whatever became of the files. */
const mirrors: Target = {
  name: 'files of a mirror',
  weight: 20,
  async prepare() {
    const { folder, reopen } = await openTagStage();
    const files = filesIn(join(folder, 'mirror'), ['manifest.binpb', '.rows']);
    const honest = JSON.stringify(await reopen('mirror'), replacer);
    return async (word): Promise<Ending> => {
      const found = await withChanged(files, word, () => reopen('mirror'));
      if (JSON.stringify(found, replacer) !== honest) throw new Error('another answer');
      return 'accepted';
    };
  },
};
const replacer = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? String(value) : value;

const served: Target = {
  name: 'files of sealed tables',
  weight: 20,
  async prepare() {
    const { folder, keys } = await openTagStage();
    const compute = inlineCompute();
    const from = {
      sealed: join(folder, 'sealed'),
      secrets: join(folder, 'secrets'),
      vault: TEST_VAULT,
      signingKey: keys.signingKey,
      compute,
      now: () => Date.now(),
    };
    const files = [
      ...filesIn(from.sealed, ['.binpb', '.rows', '.leaves']),
      ...filesIn(from.secrets, ['.seed']),
    ].filter((file) => basename(join(file, '..')) !== 'segments');
    const table = { datasetId: 'members', tenant: 'bank', purposes: [] };
    const serve = async (): Promise<string> => {
      const tables = new ServedTables([table], from);
      const { manifest } = tables.versions(table).versions.at(-1)!;
      const { publicKey } = await tables.epoch(table, manifest.epoch);
      const all = Array.from({ length: manifest.buckets!.count }, (_, bucket) => bucket);
      const { fingerprints } = await tables.buckets(table, manifest, manifest.buckets!).shown(all);
      return Buffer.concat([publicKey, fingerprints]).toString('hex');
    };
    const honest = await serve();
    return async (word): Promise<Ending> => {
      const found = await ownFault(() => withChanged(files, word, serve));
      if (found === 'refused') return found;
      if (found !== honest) throw new Error('something else');
      return 'accepted';
    };
  },
};

const indexes: Target = {
  name: 'indexes of sealed rows',
  weight: 10,
  async prepare() {
    const file = join(fuzzFolder(), 'rows.index');
    const key = new Uint8Array(32).fill(5);
    const [record, secret] = [new Uint8Array(40).fill(1), new Uint8Array(64).fill(2)];
    const ids = Array.from({ length: 12 }, (_, at) => idOf(at));
    {
      using empty = new RowIndex(file, key);
      const entries = ids.map((id) => empty.entry(id, record, secret)).sort(Buffer.compare);
      writeFileSync(file, Buffer.concat([...empty.whole(entries)]));
    }
    const look = (): 'accepted' => {
      using index = new RowIndex(file, key);
      for (const id of ids) {
        const found = index.find(id, record);
        const isSame = found?.sameRecord === true && Buffer.compare(found.secret, secret) === 0;
        if (!isSame) throw new Error('a row is not what was kept');
      }
      return 'accepted';
    };
    look();
    return (word) => withChanged([file], word, look);
  },
};

const checkpoints: Target = {
  name: 'checkpoints of sealings',
  weight: 10,
  async prepare() {
    const folder = fuzzFolder();
    const sealing = { vault: TEST_VAULT, dataset: 'members', tenant: 'bank' };
    const plan = {
      ...{
        versionId: 'v1',
        epoch: 1,
        kind: 'whole' as const,
        salt: '00',
        bucketSalt: '',
        origin: '01',
      },
      ...{ fingerprintBytes: 8, recordBytes: 80, parts: 1, canaries: [] },
    } as const;
    const rest = { lengths: [1], indexLengths: [1], bucketLengths: [] };
    const honest = { plan, phase: 'rows', rowsRead: 1, rowsSealed: 1, ...rest } as const;
    writeCheckpoint(folder, sealing, honest);
    const files = filesIn(folder, ['.sealed']);
    return (word) =>
      withChanged(files, word, () => {
        const found = readCheckpoint(folder, sealing);
        if (found === undefined) return 'refused';
        if (JSON.stringify(found) !== JSON.stringify(honest)) throw new Error('another checkpoint');
        return 'accepted';
      });
  },
};

const receipts: Target = {
  name: 'receipts of a bank',
  weight: 10,
  async prepare() {
    const { folder, reopen } = await openTagStage();
    await reopen('mirror');
    const copy = fuzzFolder();
    const names = ['receipts.sqlite', 'receipts.sqlite-wal', 'audit.secret'];
    const contents = names.map((name) => {
      const file = join(folder, 'receipts', name);
      return existsSync(file) ? readFileSync(file) : undefined;
    });
    return (word) => {
      rmSync(copy, { recursive: true });
      mkdirSync(copy);
      const chosen = oneOf(
        word,
        [...contents.keys()].filter((at) => contents[at] !== undefined),
      );
      for (const [at, content] of contents.entries()) {
        if (content === undefined) continue;
        const bytes = at === chosen ? mutateBytes(content, word) : content;
        writeFileSync(join(copy, names[at]!), bytes);
      }
      using store = ReceiptStore.open(copy, systemRandom, TEST_VAULT);
      for (const { key } of store.all()) store.find(key);
      return 'accepted';
    };
  },
};

export const tagFileTargets: readonly Target[] = [mirrors, served, indexes, checkpoints, receipts];
