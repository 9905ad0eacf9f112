/** What a process that plays one party of a protocol needs besides it: its peer over mutual TLS, its parent, its memory. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { openPeers, publicFile, readPrivate, readPublic } from '../../src/rpc/index.ts';

export interface PartyPlace {
  readonly party: 'bank' | 'company';
  /** Key files of both parties. */
  readonly keys: string;
  /** Where the bank listens; for the company. */
  readonly address?: string;
}

export async function join({ party, keys, address }: PartyPlace) {
  const other = party === 'bank' ? 'company' : 'bank';
  const peer = readPublic(await readFile(publicFile(keys, other), 'utf8'));
  const peers = await openPeers({
    keys: await readPrivate(keys, party),
    ...(address === undefined ? { listen: '127.0.0.1:0' } : {}),
    peers: [{ name: other, public: peer, ...(address === undefined ? {} : { address }) }],
  });
  return { peers, other };
}

export const tellParent = (message: unknown): void => void process.send?.(message);

/** The high-water mark of a process's resident set in bytes, as Linux keeps it. */
export function peakBytesOf(pid: number | 'self'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return 1024 * Number(/^VmHWM:\s*(\d+) kB/m.exec(status)?.[1]);
}
