/**
 * The party's private keys at rest: plain, for their owner alone, or sealed by the vault of the state folder. That is
 * wrapped by the operator's key, so a new wrapping key serves them too, and a copy of the folder of keys is worth nothing.
 */
import { existsSync, rmSync } from 'node:fs';
import { utf8 } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import { syncFolder, writeWhole } from '../model/file.ts';
import {
  keyFile,
  keyPlace,
  type PartyKeys,
  privateFrom,
  readPrivate,
  readSecretPem,
  sealedKeyFile,
} from '../rpc/index.ts';
import type { Config } from './config.ts';
import { openVault } from './vault.ts';

/** Files of the party's private keys; one of the two is there. */
export const keyFilesOf = ({ keys, party }: Config) => ({
  plain: keyFile(keys, party),
  sealed: sealedKeyFile(keys, party),
});

/** Seals the keys and removes the plain file, in this order; goes on where an earlier run was cut. */
export async function wrapKeys(config: Config): Promise<void> {
  const { keys, party } = config;
  const { plain, sealed } = keyFilesOf(config);
  using vault = await openVault(config);
  if (!existsSync(plain)) {
    await readPrivate(keys, party, vault);
    throw new SottoError('already-exists', 'the private keys are sealed already', { sealed });
  }
  const pem = await readSecretPem(plain);
  await privateFrom(keys, party, pem); // never in place of keys that are whole
  await writeWhole(sealed, vault.seal(utf8(pem), keyPlace(party)));
  rmSync(plain);
  await syncFolder(keys);
}

/** The way back, for whoever moves the keys to another state folder. */
export async function unwrapKeys(config: Config): Promise<void> {
  const { keys, party } = config;
  const { plain, sealed } = keyFilesOf(config);
  using vault = await openVault(config);
  const { tlsKey, signingKey }: PartyKeys = await readPrivate(keys, party, vault);
  if (!existsSync(sealed)) {
    throw new SottoError('already-exists', 'the private keys are plain already', { plain });
  }
  await writeWhole(plain, tlsKey + signingKey.export({ type: 'pkcs8', format: 'pem' }));
  rmSync(sealed);
  await syncFolder(keys);
}
