/** One party of a comparison of sets in a process of its own, told over IPC what to do: `set-process.ts`. */
import { Channel } from '../../src/channel/channel.ts';
import type { Transport } from '../../src/channel/transport.ts';
import { openPool } from '../../src/compute/pool.ts';
import { systemRandom } from '../../src/jobs/system.ts';
import type { Party, Run } from '../../src/protocols/party.ts';
import { alignFirst, alignSecond } from '../../src/protocols/psi/index.ts';
import {
  countAsker,
  countComparer,
  excludeAsker,
  excludeComparer,
} from '../../src/protocols/sets/index.ts';
import { join, type PartyPlace, peakBytesOf, tellParent } from './one-party.ts';
import { customerIds } from './synthetic.ts';

export type SetProtocol = 'align' | 'exclude' | 'count';

export interface SetTask extends PartyPlace {
  readonly protocol: SetProtocol;
  /** Ids of each party; half of them are the other's too. */
  readonly ids: number;
  readonly threads: number;
}

/** How far a long comparison is. */
export interface SetProgress {
  readonly fraction: number;
  readonly seconds: number;
}

export interface SetFigures {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly sentBytes: number;
  readonly peakBytes: number;
}

const TELL_EVERY_MS = 10_000;

function runOf({ party: name, protocol, ids: count }: SetTask, party: Party): Run<unknown> {
  const from = name === 'bank' ? 0 : Math.floor(count / 2);
  const ids = customerIds(count, from);
  const shared = { session: new Uint8Array(32), maxRows: count };
  const align = { ...shared, ids, minRows: 0 };
  if (protocol === 'align') return (name === 'bank' ? alignFirst : alignSecond)(party, align);
  const list = { ids, padded: false, name: new Uint8Array(16) };
  const release = async (_: unknown, draw: () => Uint8Array<ArrayBuffer>) => draw();
  if (protocol === 'count') {
    const input = { ...shared, lists: [list], peerLists: 1, floor: 50, epsilon: 0.5, release };
    return (name === 'bank' ? countComparer : countAsker)(party, input);
  }
  const input = { ...shared, list, terms: { holdout: 0.1, maxCertainty: 1 } };
  if (name === 'bank') return excludeComparer(party, { ...input, check: () => {}, release });
  return excludeAsker(party, { ...input, admit: async () => systemRandom.bytes(32) });
}

async function measured(task: SetTask, party: Party): Promise<SetFigures> {
  const started = performance.now();
  const before = process.cpuUsage();
  const run = runOf(task, party);
  let told = started;
  for (let step = await run.next(); step.done !== true; step = await run.next()) {
    if (performance.now() - told < TELL_EVERY_MS) continue;
    told = performance.now();
    tellParent({ fraction: step.value.fraction, seconds: (told - started) / 1000 });
  }
  await party.channel.finish();
  const { user, system } = process.cpuUsage(before);
  return {
    seconds: (performance.now() - started) / 1000,
    cpuSeconds: (user + system) / 1e6,
    sentBytes: party.channel.traffic.sent,
    peakBytes: peakBytesOf('self'),
  };
}

async function act(task: SetTask, go: Promise<void>): Promise<void> {
  const { peers, other } = await join(task);
  await using compute = openPool({ threads: task.threads });
  const { signal } = new AbortController();
  const over = async (transport: Transport): Promise<void> => {
    const channel = new Channel(transport, { timeoutMs: 600_000 });
    const party = { channel, compute, random: systemRandom, signal };
    tellParent({ figures: await measured(task, party) });
  };
  if (task.party === 'bank') {
    peers.serve((_, transport) => over(transport));
    tellParent({ address: peers.address });
    return await new Promise(() => {}); // until the parent ends this process
  }
  tellParent({ ready: true });
  await go;
  await over(await peers.open(other, signal));
}

const { promise: go, resolve: start } = Promise.withResolvers<void>();
process.on('message', (message: { readonly task: SetTask } | 'go') => {
  if (message === 'go') start();
  else void act(message.task, go);
});
