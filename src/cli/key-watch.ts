/**
 * Certificates that change on disk, and peers that are revoked, taken up while the worker runs: the files are looked at
 * now and then, and at once on SIGHUP. Signing keys stay: agreements are held to those that the worker began with.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { asSottoError, SottoError } from '../base/errors.ts';
import type { Log } from '../base/events.ts';
import type { Vault } from '../base/sealed.ts';
import { type PartyKeys, type PartyPublic, publicFile, readPrivate } from '../rpc/index.ts';
import type { Config } from './config.ts';
import { keyFilesOf } from './party-keys.ts';
import { peerOf } from './peer-files.ts';

const EVERY_MS = 5_000;

export interface Keyring {
  readonly keys: PartyKeys;
  /** Those of the configuration that are not revoked. */
  readonly peers: readonly PartyPublic[];
}

/** Fingerprints of peers that are believed no more, one a line; lines with # are remarks. */
export const revokedFile = ({ keys }: Config): string => join(keys, 'revoked');

export async function readKeyring(config: Config, vault?: Vault): Promise<Keyring> {
  const keys = await readPrivate(config.keys, config.party, vault);
  const revoked = revokedIn(config);
  const publics = await Promise.all(config.peers.map(peerOf));
  return { keys, peers: publics.filter(({ fingerprint }) => !revoked.has(plain(fingerprint))) };
}

/** @throws invalid-argument for a line that is no fingerprint: it would revoke nobody, and look as if it did. */
function revokedIn(config: Config): Set<string> {
  const lines = contentOf(revokedFile(config)).split('\n');
  const found = lines.map((line) => line.replace(/#.*/, '').trim()).filter((line) => line !== '');
  for (const [index, line] of found.entries()) {
    if (/^[0-9a-f]{64}$/.test(plain(line))) continue;
    throw new SottoError('invalid-argument', 'expected a fingerprint in each line', {
      file: revokedFile(config),
      entry: index + 1,
    });
  }
  return new Set(found.map(plain));
}

const plain = (fingerprint: string): string => fingerprint.replaceAll(/[\s:]/g, '').toLowerCase();

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw thrown;
  }
}

/** Calls `take` with what the files say whenever that has changed and can be read; otherwise all stays as it was. */
export function watchKeys(
  config: Config,
  vault: Vault,
  first: Keyring,
  take: (ring: Keyring) => void,
  log: Log,
): Disposable {
  const files = [
    publicFile(config.keys, config.party),
    ...Object.values(keyFilesOf(config)),
    revokedFile(config),
    ...config.peers.map(({ publicKey }) => publicKey),
  ];
  let seen = stampOf(files);
  const look = async (): Promise<void> => {
    const stamp = stampOf(files);
    if (stamp === seen) return;
    seen = stamp;
    try {
      const ring = await readKeyring(config, vault);
      requireSameSigners(first, ring);
      take(ring);
      log({ event: 'keys-renewed', peers: ring.peers.length });
    } catch (thrown) {
      log({ event: 'keys-not-renewed', code: asSottoError(thrown).code });
    }
  };
  const looking = (): void => void look();
  const timer = setInterval(looking, EVERY_MS).unref();
  process.on('SIGHUP', looking);
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer);
      process.off('SIGHUP', looking);
    },
  };
}

function requireSameSigners(first: Keyring, now: Keyring): void {
  const same = now.peers.every((peer) => {
    const before = first.peers.find(({ name }) => name === peer.name);
    return before === undefined || before.signingKey.equals(peer.signingKey);
  });
  if (same && first.keys.public.signingKey.equals(now.keys.public.signingKey)) return;
  throw new SottoError('invalid-argument', 'a signing key has changed: that takes a restart');
}

/** When the files were last written, as one text. */
const stampOf = (files: readonly string[]): string =>
  files
    .map((file) => {
      const stat = statSync(file, { throwIfNoEntry: false });
      return stat === undefined ? 'none' : `${stat.mtimeMs} ${stat.size} ${stat.ino}`;
    })
    .join('\n');
