/** Two workers' networks joined over real sockets: bank listens, data dials. */
import type { Transport } from '../../src/channel/transport.ts';
import type { RpcLimits } from '../../src/rpc/limits.ts';
import { type OpenPeers, openPeers, type PeersOptions } from '../../src/rpc/peers.ts';
import type { KeyFolder } from './certificates.ts';

export interface Pair extends AsyncDisposable {
  readonly bank: OpenPeers;
  readonly data: OpenPeers;
}

/** Waits long enough for a slow machine, and not so long that a hang is not noticed. */
export const soon = (): AbortSignal => AbortSignal.timeout(20_000);

export const QUICK: Partial<RpcLimits> = {
  connectMs: 3_000,
  backoffFirstMs: 20,
  backoffMostMs: 200,
  drainMs: 100,
};

export async function listenAs(
  keys: KeyFolder,
  options: Partial<PeersOptions> = {},
  peers: readonly string[] = ['data'],
): Promise<OpenPeers> {
  const publics = await Promise.all(peers.map((name) => keys.party(name)));
  return await openPeers({
    keys: await keys.party('bank'),
    listen: '127.0.0.1:0',
    peers: publics.map((peer) => ({ name: peer.public.name, public: peer.public })),
    limits: QUICK,
    ...options,
  });
}

export async function dialAs(
  name: string,
  keys: KeyFolder,
  address: string,
  options: Partial<PeersOptions> = {},
): Promise<OpenPeers> {
  const bank = await keys.party('bank');
  return await openPeers({
    keys: await keys.party(name),
    peers: [{ name: 'bank', public: bank.public, address }],
    limits: QUICK,
    ...options,
  });
}

export async function pairOf(keys: KeyFolder, limits: Partial<RpcLimits> = {}): Promise<Pair> {
  const bank = await listenAs(keys, { limits: { ...QUICK, ...limits } });
  const data = await dialAs('data', keys, bank.address!, { limits: { ...QUICK, ...limits } });
  return {
    bank,
    data,
    async [Symbol.asyncDispose]() {
      await Promise.all([data[Symbol.asyncDispose](), bank[Symbol.asyncDispose]()]);
    },
  };
}

/** Says back every frame, then ends. */
export async function echo(_peer: string, transport: Transport): Promise<void> {
  for (let frame = await transport.read(); frame !== undefined; frame = await transport.read()) {
    await transport.write(frame);
  }
  await transport.close();
}

/** Opens a conversation and leaves it to the caller; the other end is given by its handler. */
export async function conversation(
  opener: OpenPeers,
  answerer: OpenPeers,
  peer: string,
): Promise<readonly [Transport, Transport]> {
  const { promise, resolve } = Promise.withResolvers<Transport>();
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  answerer.serve((_name, transport) => {
    resolve(Object.assign(transport, { end }));
    return over;
  });
  const opened = await opener.open(peer, soon());
  return [opened, await promise];
}

/** The code of the error that the promise must reject with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return 'no error';
}
