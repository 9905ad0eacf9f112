/** What opens everything else at a party, and what peers remember of it: vault file, wrapping key, private keys, witness. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freshKey, type Place, Vault } from '../../../src/base/sealed.ts';
import type { Config } from '../../../src/cli/config.ts';
import { readKeyring, revokedFile } from '../../../src/cli/key-watch.ts';
import { openVault } from '../../../src/cli/vault.ts';
import { readWitness } from '../../../src/cli/witness.ts';
import { Artifacts } from '../../../src/jobs/artifacts.ts';
import { Inventory } from '../../../src/model/inventory.ts';
import { initKeys, keyFile, readPrivate, wrappingKeyFile } from '../../../src/rpc/keys.ts';
import { sampleHalf } from '../../support/sample-half.ts';
import { mutateBytes, oneOf } from '../mutations.ts';
import { type Ending, fuzzFolder, type Target } from '../target.ts';
import { mutateText } from '../texts.ts';

/** The wrapping key and the file that it wraps: another data key would make a folder that nobody can read. */
const vaults: Target = {
  name: 'vault files and wrapping keys',
  weight: 20,
  async prepare() {
    const folder = fuzzFolder();
    await initKeys('bank', join(folder, 'keys'));
    const files = {
      wrapping: wrappingKeyFile(join(folder, 'keys'), 'bank'),
      vault: join(folder, 'state', 'vault.json'),
    };
    const config = {
      party: 'bank',
      state: join(folder, 'state'),
      wrappingKey: { file: files.wrapping },
    } as Config;
    const { id } = await openVault(config);
    const honest = {
      wrapping: readFileSync(files.wrapping, 'utf8'),
      vault: readFileSync(files.vault, 'utf8'),
    };
    return async (word): Promise<Ending> => {
      const which = oneOf(word, ['wrapping', 'vault'] as const);
      writeFileSync(files.wrapping, honest.wrapping);
      writeFileSync(files.vault, honest.vault);
      writeFileSync(files[which], mutateText(honest[which], word));
      using vault = await openVault(config);
      if (vault.id !== id) throw new Error('another key was opened');
      return 'accepted';
    };
  },
};

const PLACES: readonly Place[] = [
  { purpose: 'model', job: 'm' },
  { purpose: 'journal', job: 'j', epoch: 1, step: 2 },
  { purpose: 'audit' },
];

/** Records by themselves; artifacts and halves of models in their files. */
const records: Target = {
  name: 'sealed records',
  weight: 20,
  async prepare() {
    const folder = fuzzFolder();
    const vault = new Vault(freshKey());
    const content = new Uint8Array(100).fill(7);
    const sealed = PLACES.map((place) => ({ place, record: vault.seal(content, place) }));
    const artifacts = new Artifacts(folder, vault);
    await artifacts.write('job', { 'a.csv': content });
    const half = sampleHalf();
    await new Inventory(join(folder, 'models'), vault).save(half);
    const files = {
      artifact: join(folder, 'jobs/job/a.csv'),
      model: join(folder, 'models', half.id, 'half.sealed'),
    };
    const honest = { artifact: readFileSync(files.artifact), model: readFileSync(files.model) };
    const requireSame = (opened: Uint8Array): void => {
      if (Buffer.compare(opened, content) !== 0) throw new Error('other content was opened');
    };
    return async (word): Promise<Ending> => {
      const which = oneOf(word, ['record', 'artifact', 'model'] as const);
      if (which === 'record') {
        const { place, record } = oneOf(word, sealed);
        requireSame(vault.open(mutateBytes(record, word, oneOf(word, sealed).record), place));
        return 'accepted';
      }
      writeFileSync(files[which], mutateBytes(honest[which], word));
      if (which === 'artifact') requireSame(await artifacts.read('job', 'a.csv'));
      else await new Inventory(join(folder, 'models'), vault).list(0, '');
      return 'accepted';
    };
  },
};

const privates: Target = {
  name: 'private keys and revocations',
  weight: 10,
  async prepare() {
    const keys = join(fuzzFolder(), 'keys');
    const { fingerprint } = await initKeys('bank', keys);
    const config = { party: 'bank', keys, peers: [] as Config['peers'] } as Config;
    const file = keyFile(keys, 'bank');
    const honest = readFileSync(file, 'utf8');
    const revoked = `# of last year\n${fingerprint}\n`;
    writeFileSync(revokedFile(config), revoked);
    const vault = new Vault(freshKey());
    await readKeyring(config, vault);
    return async (word): Promise<Ending> => {
      const isKey = word() % 2 === 0;
      writeFileSync(file, isKey ? mutateText(honest, word) : honest);
      writeFileSync(revokedFile(config), isKey ? revoked : mutateText(revoked, word));
      await (isKey ? readPrivate(keys, 'bank') : readKeyring(config, vault));
      return 'accepted';
    };
  },
};

const witnesses: Target = {
  name: 'heads that a peer remembers',
  weight: 10,
  async prepare() {
    const folder = fuzzFolder();
    mkdirSync(folder, { recursive: true });
    const file = join(folder, 'heads.json');
    const head = { of: 'bank', rememberedBy: 'telco', exchanges: 3, hash: 'ab'.repeat(32) };
    const honest = `${JSON.stringify({ heads: [head] })}\n`;
    const read = async (text: string): Promise<'accepted'> => {
      writeFileSync(file, text);
      const [witness] = await readWitness(file, 'bank');
      const { exchanges, hash } = witness!;
      if (!(exchanges >= 0 && hash.length === 64)) throw new Error('a head that is none');
      return 'accepted';
    };
    await read(honest);
    return (word) => read(mutateText(honest, word));
  },
};

export const secretTargets: readonly Target[] = [vaults, records, privates, witnesses];
