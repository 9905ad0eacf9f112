/**
 * Goal: a copy of the folder of keys is worth nothing without the vault, whatever moment it was made at.
 * Method: keys are sealed, changed, moved and made plain again, and read as a worker reads them.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { Config } from '../../src/cli/config.ts';
import { readKeyring } from '../../src/cli/key-watch.ts';
import { unwrapKeys, wrapKeys } from '../../src/cli/party-keys.ts';
import { openVault, rewrap } from '../../src/cli/vault.ts';
import {
  initKeys,
  initWrappingKey,
  keyFile,
  readPrivate,
  sealedKeyFile,
  wrappingKeyFile,
} from '../../src/rpc/index.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const failing = (code: string) => expect.objectContaining({ code });

let keys: string;
let config: Config;
beforeEach(async () => {
  const folder = temporaryFolder();
  keys = join(folder, 'keys');
  await initKeys('bank', keys);
  const wrappingKey = { file: wrappingKeyFile(keys, 'bank') };
  config = { party: 'bank', keys, state: join(folder, 'state'), peers: [], wrappingKey } as never;
});

test('sealed keys are the same keys, and no file of the folder holds them any more', async () => {
  const before = await readPrivate(keys, 'bank');
  await wrapKeys(config);
  const after = await readKeyring(config, await openVault(config));
  expect(after.keys.tlsKey).toBe(before.tlsKey);
  expect(after.keys.signingKey.equals(before.signingKey)).toBe(true);
  const secret = before.tlsKey.split('\n')[1]!;
  for (const name of readdirSync(keys)) {
    expect(readFileSync(join(keys, name), 'utf8')).not.toContain('PRIVATE');
    expect(readFileSync(join(keys, name), 'utf8')).not.toContain(secret);
  }
});

test('they open after the wrapping key was changed, and with no other vault or none', async () => {
  await wrapKeys(config);
  const file = join(keys, 'next.key');
  await initWrappingKey(file);
  await rewrap(config, { file });
  await readPrivate(keys, 'bank', await openVault({ ...config, wrappingKey: { file } }));
  await expect(readPrivate(keys, 'bank')).rejects.toThrow(failing('invalid-argument'));
  rmSync(config.state, { recursive: true });
  const other = await openVault(config);
  await expect(readPrivate(keys, 'bank', other)).rejects.toThrow(failing('verification-failed'));
});

test('one bit of the sealed file changed: refused', async () => {
  await wrapKeys(config);
  const bytes = readFileSync(sealedKeyFile(keys, 'bank'));
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(sealedKeyFile(keys, 'bank'), bytes);
  const vault = await openVault(config);
  await expect(readPrivate(keys, 'bank', vault)).rejects.toThrow(failing('verification-failed'));
});

test('cut between sealing and removing: a worker does not choose, and the same command goes on', async () => {
  const plain = readFileSync(keyFile(keys, 'bank'));
  await wrapKeys(config);
  writeFileSync(keyFile(keys, 'bank'), plain, { mode: 0o600 });
  const vault = await openVault(config);
  await expect(readPrivate(keys, 'bank', vault)).rejects.toThrow(failing('invalid-argument'));
  await wrapKeys(config);
  expect(existsSync(keyFile(keys, 'bank'))).toBe(false);
  await expect(wrapKeys(config)).rejects.toThrow(failing('already-exists'));
});

test('plain again on request; keys are never sealed over by those of another certificate', async () => {
  const before = readFileSync(keyFile(keys, 'bank'), 'utf8');
  await wrapKeys(config);
  await expect(initKeys('bank', keys)).rejects.toThrow(failing('already-exists'));
  await unwrapKeys(config);
  expect(readFileSync(keyFile(keys, 'bank'), 'utf8')).toBe(before);
  const other = join(keys, 'other');
  await initKeys('bank', other);
  writeFileSync(keyFile(keys, 'bank'), readFileSync(keyFile(other, 'bank')));
  await expect(wrapKeys(config)).rejects.toThrow(failing('invalid-argument'));
});
