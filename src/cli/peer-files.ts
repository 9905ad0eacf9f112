/** Public files of peers, as a configuration names them. */
import { readFile } from 'node:fs/promises';
import { SottoError } from '../base/errors.ts';
import { type PartyPublic, readPublic } from '../rpc/index.ts';
import type { Config } from './config.ts';

/** A peer's file, which must be that peer's and have the fingerprint that the configuration states. */
export async function peerOf(peer: Config['peers'][number]): Promise<PartyPublic> {
  const found = readPublic(await readFile(peer.publicKey, 'utf8'));
  if (found.name !== peer.name) {
    throw new SottoError('invalid-argument', 'the public file belongs to another party', {
      file: peer.publicKey,
      expected: peer.name,
      found: found.name,
    });
  }
  const plain = (text: string): string => text.replaceAll(/[^0-9a-f]/gi, '').toLowerCase();
  if (peer.fingerprint !== undefined && plain(peer.fingerprint) !== plain(found.fingerprint)) {
    throw new SottoError(
      'unauthenticated',
      `the public file of ${peer.name} has another fingerprint than the configuration states`,
      { expected: peer.fingerprint, found: found.fingerprint },
    );
  }
  return found;
}
