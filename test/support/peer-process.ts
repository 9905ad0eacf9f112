/**
 * A listening worker's network in a process of its own: `node peer-process.ts <keys folder>`. Says its
 * address over IPC; then answers each conversation as the first frame asks (JSON of `Load`), or echoes.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { Transport } from '../../src/channel/transport.ts';
import { publicFile, readPrivate, readPublic } from '../../src/rpc/keys.ts';
import { openPeers } from '../../src/rpc/peers.ts';
import { echo } from './peer-pair.ts';

export interface Load {
  readonly way: 'up' | 'down';
  readonly frames: number;
  readonly bytes: number;
}

export interface PeerProcess extends AsyncDisposable {
  readonly address: string;
  readonly child: ChildProcess;
  /** Ends the process as a crash would. */
  kill(): Promise<void>;
}

/** Starts "bank" listening for "data", both with keys in `folder`. */
export async function startPeer(folder: string): Promise<PeerProcess> {
  const child = fork(import.meta.filename, [folder], { execPath: process.execPath });
  const [address] = await once(child, 'message');
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return { address: String(address), child, kill, [Symbol.asyncDispose]: kill };
}

async function answer(peer: string, transport: Transport): Promise<void> {
  const first = await transport.read();
  const { way, frames, bytes } = JSON.parse(
    Buffer.from(first ?? []).toString() || '{}',
  ) as Partial<Load>;
  if (way === undefined) {
    await transport.write(first ?? new Uint8Array());
    return await echo(peer, transport);
  }
  const frame = new Uint8Array(bytes ?? 0);
  for (let i = 0; i < (frames ?? 0); i++) {
    if (way === 'down') await transport.write(frame);
    else await transport.read();
  }
  if (way === 'up') await transport.write(Uint8Array.of(1)); // all of it is here
  await transport.read();
  await transport.close();
}

if (process.argv[1] === import.meta.filename) {
  const folder = process.argv[2]!;
  const data = readPublic(await readFile(publicFile(folder, 'data'), 'utf8'));
  const peers = await openPeers({
    keys: await readPrivate(folder, 'bank'),
    listen: '127.0.0.1:0',
    peers: [{ name: 'data', public: data }],
  });
  peers.serve(answer);
  process.send?.(peers.address);
  process.once('disconnect', () => process.exit());
}
