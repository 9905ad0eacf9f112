/**
 * The state folder's own key, wrapped: `<state>/vault.json`. What is sealed in the folder is sealed under that key, so
 * a change of the operator's key rewrites this one file.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { SottoError } from '../base/errors.ts';
import { freshKey, type Place, Vault } from '../base/sealed.ts';
import { Secret } from '../base/secret.ts';
import { writeWhole } from '../model/file.ts';
import type { Config } from './config.ts';
import { type KeySource, readWrappingKey } from './wrapping-key.ts';

const FORMAT = 'sotto.vault';

interface VaultFile {
  readonly format: typeof FORMAT;
  /** `id` of the key that wraps. */
  readonly wrappedBy: string;
  /** Base64. */
  readonly dataKey: string;
}

const fileOf = ({ state }: Config): string => join(state, 'vault.json');
const placeOf = ({ party }: Config): Place => ({ purpose: 'data-key', job: party });

/**
 * Opens the folder's vault; makes one in a folder that is new.
 * @throws not-found when the folder is in use and its vault is gone; verification-failed for another wrapping key.
 */
export async function openVault(config: Config): Promise<Vault> {
  using wrapping = await readWrappingKey(config.wrappingKey);
  if (!existsSync(fileOf(config))) await makeVault(config, wrapping);
  return new Vault(unwrap(config, wrapping));
}

/** Wraps the folder's key under another wrapping key. Records stay as they are; a running worker goes on. */
export async function rewrap(
  config: Config,
  next: KeySource,
): Promise<{ readonly before: string; readonly after: string }> {
  using wrapping = await readWrappingKey(config.wrappingKey);
  using other = await readWrappingKey(next);
  using dataKey = unwrap(config, wrapping);
  await writeWhole(fileOf(config), wrapped(config, other, dataKey));
  return { before: wrapping.id, after: other.id };
}

async function makeVault(config: Config, wrapping: Vault): Promise<void> {
  if (existsSync(join(config.state, 'jobs.sqlite'))) {
    const facts = { file: fileOf(config) };
    throw new SottoError(
      'not-found',
      'the vault of a state folder in use is gone: restore it',
      facts,
    );
  }
  mkdirSync(config.state, { recursive: true, mode: 0o700 });
  const draft = `${fileOf(config)}.${randomUUID()}`;
  using dataKey = freshKey();
  await writeWhole(draft, wrapped(config, wrapping, dataKey));
  try {
    linkSync(draft, fileOf(config)); // never over one that another process made meanwhile
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
  } finally {
    rmSync(draft, { force: true });
  }
}

function wrapped(config: Config, wrapping: Vault, dataKey: Secret): string {
  const content: VaultFile = {
    format: FORMAT,
    wrappedBy: wrapping.id,
    dataKey: Buffer.from(wrapping.seal(dataKey.bytes, placeOf(config))).toString('base64'),
  };
  return `${JSON.stringify(content)}\n`;
}

function unwrap(config: Config, wrapping: Vault): Secret {
  const file = fileOf(config);
  const { wrappedBy, dataKey } = read(file);
  if (wrappedBy !== wrapping.id) {
    const message = 'the state folder is wrapped under another key than the configured one';
    throw new SottoError('verification-failed', message, {
      file,
      expected: wrappedBy,
      found: wrapping.id,
    });
  }
  return new Secret(wrapping.open(Buffer.from(dataKey, 'base64'), placeOf(config)));
}

function read(file: string): VaultFile {
  try {
    const { format, wrappedBy, dataKey } = JSON.parse(readFileSync(file, 'utf8')) as VaultFile;
    const isWhole = typeof dataKey === 'string' && /^[0-9a-f]{16}$/.test(wrappedBy);
    if (format === FORMAT && isWhole) return { format, wrappedBy, dataKey };
  } catch {
    // Said below: the parser's own words would quote the file.
  }
  throw new SottoError('verification-failed', 'the vault file is damaged', { file });
}
