/** How fast two processes converse over mutual TLS: on loopback, and on a link of 30 ms round trip. */
import { Client, credentials, Metadata, Server, ServerCredentials } from '@grpc/grpc-js';
import type { Transport } from '../../src/channel/transport.ts';
import type { PartyKeys } from '../../src/rpc/keys.ts';
import { CONVERSE, PEER_SERVICE } from '../../src/rpc/peer-protocol.ts';
import type { OpenPeers } from '../../src/rpc/peers.ts';
import { keyFolder } from '../../test/support/certificates.ts';
import { dialAs } from '../../test/support/peer-pair.ts';
import { type Load, startPeer } from '../../test/support/peer-process.ts';
import { TcpProxy } from '../../test/support/proxy.ts';
import { type BenchOptions, median, type Row } from '../harness.ts';

const FRAME_BYTES = 1 << 20;
const ROUND_TRIP_MS = 30;
/** Both ways on a link of 30 ms. */
const GOAL = { atLeast: 30 };
const WAYS = ['up', 'down'] as const;
/** Up is what the listener receives: the direction in which the library's defaults are slowest. */
const NAMES = { up: 'dialer to listener', down: 'listener to dialer' };

export async function* rpc({ quick }: BenchOptions): AsyncGenerator<Row, void, void> {
  const frames = quick ? 64 : 256;
  const samples = quick ? 1 : 5;
  await using keys = await keyFolder();
  const [bank] = await Promise.all([keys.party('bank'), keys.party('data')]);
  await using peer = await startPeer(keys.folder);
  await using link = await TcpProxy.open({ target: peer.address, delayMs: ROUND_TRIP_MS / 2 });
  for (const [where, address] of [
    ['loopback', peer.address],
    [`${ROUND_TRIP_MS} ms round trip`, link.address],
  ] as const) {
    await using data = await dialAs('data', keys, address);
    for (const way of WAYS) {
      const rates: number[] = [];
      for (let i = 0; i < samples; i++)
        rates.push(await rateOf(data, { way, frames, bytes: FRAME_BYTES }));
      const row = {
        name: `rpc: frames of 1 MiB, ${NAMES[way]}, ${where}`,
        value: median(rates),
        unit: 'MB/s',
        samples,
      };
      if (where === 'loopback') yield row;
      else if (way === 'down') yield { ...row, goal: GOAL };
      else {
        const value = await defaultRate(bank);
        const baseline = { name: 'grpc-js with its default windows', value };
        yield { ...row, goal: GOAL, baseline, ratio: row.value / value };
      }
    }
  }
}

/** MB/s of one conversation, from its first frame to the word that all have arrived. */
async function rateOf(data: OpenPeers, load: Load): Promise<number> {
  const transport: Transport = await data.open('bank', AbortSignal.timeout(60_000));
  const frame = new Uint8Array(load.bytes);
  const since = performance.now();
  await transport.write(Buffer.from(JSON.stringify(load)));
  for (let i = 0; i < load.frames; i++) {
    if (load.way === 'up') await transport.write(frame);
    else await transport.read();
  }
  if (load.way === 'up') await transport.read();
  const seconds = (performance.now() - since) / 1000;
  await transport.close();
  return (load.frames * load.bytes) / 1e6 / seconds;
}

/** The same upload by the library as it comes, over the same link; fewer bytes, as it is slow. */
async function defaultRate(bank: PartyKeys): Promise<number> {
  const frames = 8;
  const certificate = Buffer.from(bank.public.pem);
  const pair = { private_key: Buffer.from(bank.tlsKey), cert_chain: certificate };
  const server = new Server();
  server.addService(PEER_SERVICE, {
    link: () => undefined,
    converse: (call: NodeJS.ReadWriteStream) => {
      let left = frames;
      call.on('data', () => {
        left -= 1;
        if (left === 0) call.end();
      });
    },
  });
  const port = await new Promise<number>((resolve) => {
    const secure = ServerCredentials.createSsl(null, [pair]);
    server.bindAsync('127.0.0.1:0', secure, (_, bound) => resolve(bound));
  });
  await using link = await TcpProxy.open({
    target: `127.0.0.1:${port}`,
    delayMs: ROUND_TRIP_MS / 2,
  });
  const options = { checkServerIdentity: () => undefined };
  const client = new Client(link.address, credentials.createSsl(certificate, null, null, options));
  const { path, requestSerialize, responseDeserialize } = CONVERSE;
  const call = client.makeBidiStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    new Metadata(),
  );
  const since = performance.now();
  for (let i = 0; i < frames; i++) call.write(Buffer.alloc(FRAME_BYTES));
  call.resume();
  await new Promise((resolve) => call.once('status', resolve));
  const rate = (frames * FRAME_BYTES) / 1e3 / (performance.now() - since);
  client.close();
  server.forceShutdown();
  return rate;
}
