/** The state folder's key: made once, wrapped by the operator's, which comes from a file, a variable or a program. */
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import type { Config } from '../../src/cli/config.ts';
import { openVault, rewrap } from '../../src/cli/vault.ts';
import { type KeySource, readWrappingKey } from '../../src/cli/wrapping-key.ts';
import { initWrappingKey } from '../../src/rpc/index.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const PLACE = { purpose: 'model', job: 'm' } as const;
const RECORD = utf8('half of a model');
const failing = (code: string) => expect.objectContaining({ code });

let folder: string;
const path = (name: string): string => join(folder, name);
/** The part of a configuration that matters here. */
const config = (wrappingKey: KeySource, party = 'bank'): Config =>
  ({ party, state: path('state'), wrappingKey }) as Config;

beforeEach(async () => {
  folder = temporaryFolder();
  await initWrappingKey(path('a.key'));
  await initWrappingKey(path('b.key'));
});

test('what was sealed opens again in the next process, and not in another folder', async () => {
  const sealed = (await openVault(config({ file: path('a.key') }))).seal(RECORD, PLACE);
  const again = await openVault(config({ file: path('a.key') }));
  expect(again.open(sealed, PLACE)).toEqual(RECORD);
  rmSync(path('state'), { recursive: true });
  const other = await openVault(config({ file: path('a.key') }));
  expect(() => other.open(sealed, PLACE)).toThrow(failing('verification-failed'));
});

test('the wrapping key stands in no file of the state folder', async () => {
  await openVault(config({ file: path('a.key') }));
  const digits = readFileSync(path('a.key'), 'utf8').trim();
  const content = readFileSync(path('state/vault.json'), 'utf8');
  expect(content).not.toContain(digits);
  expect(content).not.toContain(Buffer.from(digits, 'hex').toString('base64'));
});

test('file, variable and program give the same key; a variable is gone once it was read', async () => {
  const digits = readFileSync(path('a.key'), 'utf8');
  process.env.SOTTO_TEST_KEY = digits;
  const { id } = await readWrappingKey({ file: path('a.key') });
  expect((await readWrappingKey({ environment: 'SOTTO_TEST_KEY' })).id).toBe(id);
  expect(process.env.SOTTO_TEST_KEY).toBeUndefined();
  expect((await readWrappingKey({ command: ['cat', path('a.key')] })).id).toBe(id);
});

describe('a wrapping key is refused', () => {
  test('when others may read its file', async () => {
    chmodSync(path('a.key'), 0o640);
    await expect(readWrappingKey({ file: path('a.key') })).rejects.toThrow(
      failing('permission-denied'),
    );
  });

  test.each<[string, KeySource, string]>([
    ['there is no file', { file: '/nowhere/at/all' }, 'not-found'],
    ['the variable is not set', { environment: 'SOTTO_NO_SUCH_KEY' }, 'not-found'],
    ['the program fails', { command: ['false'] }, 'not-found'],
    ['there is no program', { command: ['no-such-program-of-sotto'] }, 'not-found'],
    ['the program prints something else', { command: ['echo', 'secret'] }, 'invalid-argument'],
  ])('when %s', async (_, source, code) => {
    const thrown = await readWrappingKey(source).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ code });
    expect(JSON.stringify(thrown)).not.toContain('secret');
  });
});

describe('a vault does not open', () => {
  test('under another wrapping key', async () => {
    await openVault(config({ file: path('a.key') }));
    await expect(openVault(config({ file: path('b.key') }))).rejects.toThrow(
      failing('verification-failed'),
    );
  });

  test('for another party', async () => {
    await openVault(config({ file: path('a.key') }));
    await expect(openVault(config({ file: path('a.key') }, 'company'))).rejects.toThrow(
      failing('verification-failed'),
    );
  });

  test.each(['', '{}', '{"format":"sotto.vault"}', 'null'])('from the file %j', async (content) => {
    await openVault(config({ file: path('a.key') }));
    writeFileSync(path('state/vault.json'), content);
    await expect(openVault(config({ file: path('a.key') }))).rejects.toThrow(
      failing('verification-failed'),
    );
  });

  test('when it is gone from a folder in use: a fresh one would open nothing', async () => {
    await openVault(config({ file: path('a.key') }));
    writeFileSync(path('state/jobs.sqlite'), '');
    rmSync(path('state/vault.json'));
    await expect(openVault(config({ file: path('a.key') }))).rejects.toThrow(failing('not-found'));
    expect(existsSync(path('state/vault.json'))).toBe(false);
  });
});

test('two processes that begin at once have one vault', async () => {
  const opened = await Promise.all(
    Array.from({ length: 8 }, () => openVault(config({ file: path('a.key') }))),
  );
  expect(new Set(opened.map(({ id }) => id)).size).toBe(1);
});

test('rewrapped, records open under the new key and no longer under the old', async () => {
  const sealed = (await openVault(config({ file: path('a.key') }))).seal(RECORD, PLACE);
  await rewrap(config({ file: path('a.key') }), { file: path('b.key') });
  const vault = await openVault(config({ file: path('b.key') }));
  expect(vault.open(sealed, PLACE)).toEqual(RECORD);
  await expect(openVault(config({ file: path('a.key') }))).rejects.toThrow(
    failing('verification-failed'),
  );
  await expect(rewrap(config({ file: path('a.key') }), { file: path('b.key') })).rejects.toThrow(
    failing('verification-failed'),
  );
});
