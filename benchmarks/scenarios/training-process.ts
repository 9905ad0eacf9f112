/**
 * One party of a training in a process of its own, with rows of its own making: `training-process.ts`, told
 * over IPC what to do. It joins its peer over mutual TLS, says it is ready, and trains when it is told to.
 */
import { Session } from 'node:inspector/promises';
import { setFlagsFromString } from 'node:v8';
import { Channel } from '../../src/channel/channel.ts';
import type { Transport } from '../../src/channel/transport.ts';
import { openPool } from '../../src/compute/pool.ts';
import { systemRandom } from '../../src/jobs/system.ts';
import type { FeatureMatrix } from '../../src/math/columns.ts';
import { logistic } from '../../src/math/linear-model.ts';
import type { Party, Run } from '../../src/protocols/party.ts';
import {
  activeTrain,
  passiveTrain,
  type Settings,
  type Trained,
} from '../../src/protocols/vertical-lr/index.ts';
import { wordsFrom } from '../../test/support/ring.ts';
import { join, type PartyPlace, peakBytesOf, tellParent } from './one-party.ts';
import { networkShare } from './profile.ts';
import { type Shape, shaped } from './shaped.ts';

export interface TrainingTask extends PartyPlace {
  readonly rows: number;
  readonly columns: number;
  readonly settings: Settings;
  readonly threads: number;
  readonly line?: Shape;
  /** Whether the main thread is profiled, for the network's share of the processor. */
  readonly profiled: boolean;
}

export interface TrainingFigures {
  /** From the first message to the last, with the encoding of columns. */
  readonly seconds: number;
  /** When each pass from the second on began, in seconds from the start; processor time and bytes sent until then. */
  readonly passes: readonly {
    readonly pass: number;
    readonly at: number;
    readonly cpu: number;
    readonly sent: number;
  }[];
  readonly cpuSeconds: number;
  readonly mainThreadSeconds: number;
  /** Of all processor time: gRPC, TLS, framing, messages. */
  readonly networkShare: number | undefined;
  readonly sentBytes: number;
  readonly peakBytes: number;
}

/** Independent uniform columns of variance 1, hence white as a training wants them. */
export function ownColumns({
  rows,
  columns,
  party,
}: Pick<TrainingTask, 'rows' | 'columns' | 'party'>): FeatureMatrix {
  const word = wordsFrom(party === 'bank' ? 1 : 2);
  const scale = Math.sqrt(12) / 2 ** 32;
  const values = new Float64Array(rows * columns);
  for (let i = 0; i < values.length; i++) values[i] = (word() - 2 ** 31) * scale;
  return { rows, columns, values };
}

/** A quarter or so are 1, and the own columns say something about which. */
export function ownLabels({ rows, columns, values }: FeatureMatrix): Uint8Array {
  const word = wordsFrom(3);
  return Uint8Array.from({ length: rows }, (_, row) => {
    let logit = -1.2;
    for (let column = 0; column < columns; column++)
      logit += values[column * rows + row]! / Math.sqrt(columns);
    return word() / 2 ** 32 < logistic(logit) ? 1 : 0;
  });
}

async function train(task: TrainingTask, party: Party, run: Run<Trained>) {
  const started = performance.now();
  const [cpuBefore, mainBefore] = [process.cpuUsage(), process.threadCpuUsage()];
  const cpuSeconds = (): number => {
    const { user, system } = process.cpuUsage(cpuBefore);
    return (user + system) / 1e6;
  };
  const session = new Session();
  if (task.profiled) {
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
  }
  const passes: TrainingFigures['passes'][number][] = [];
  for (let step = await run.next(); step.done !== true; step = await run.next()) {
    const pass = step.value.facts?.pass ?? 0;
    if (pass < 2 || passes.at(-1)?.pass === pass) continue;
    const at = (performance.now() - started) / 1000;
    passes.push({ pass, at, cpu: cpuSeconds(), sent: party.channel.traffic.sent });
    tellParent({ pass, at });
  }
  await party.channel.finish();
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.threadCpuUsage(mainBefore);
  const main = (user + system) / 1e6;
  const cpu = cpuSeconds();
  const profile = task.profiled ? (await session.post('Profiler.stop')).profile : undefined;
  return {
    seconds,
    passes,
    cpuSeconds: cpu,
    mainThreadSeconds: main,
    networkShare: profile === undefined ? undefined : (networkShare(profile) * main) / cpu,
    sentBytes: party.channel.traffic.sent,
    peakBytes: peakBytesOf('self'),
  } satisfies TrainingFigures;
}

async function act(task: TrainingTask, go: Promise<void>): Promise<void> {
  const { peers, other } = await join(task);
  const features = ownColumns(task);
  const labels = task.party === 'bank' ? ownLabels(features) : undefined;
  const { settings } = task;
  await using compute = openPool({ threads: task.threads });
  const over = async (transport: Transport): Promise<TrainingFigures> => {
    const channel = new Channel(task.line === undefined ? transport : shaped(transport, task.line));
    const { signal } = new AbortController();
    const party: Party = { channel, compute, random: systemRandom, signal };
    const run: Run<Trained> =
      labels === undefined
        ? passiveTrain(party, { features, settings })
        : activeTrain(party, { features, labels, settings });
    return await train(task, party, run);
  };
  if (task.address !== undefined) {
    tellParent({ ready: true });
    await go;
    tellParent({ figures: await over(await peers.open(other, AbortSignal.timeout(60_000))) });
  } else {
    const { promise, resolve, reject } = Promise.withResolvers<TrainingFigures>();
    peers.serve(async (_, transport) => {
      try {
        resolve(await over(transport));
      } catch (thrown) {
        reject(thrown);
      }
    });
    tellParent({ address: peers.address });
    tellParent({ figures: await promise });
  }
  await peers[Symbol.asyncDispose]();
}

if (process.argv[1] === import.meta.filename) {
  setFlagsFromString('--no-incremental-marking'); // as the program does
  const { promise: go, resolve } = Promise.withResolvers<void>();
  process.on('message', (message: { task: TrainingTask } | 'go') => {
    if (message === 'go') resolve();
    else void act(message.task, go).then(() => process.disconnect());
  });
}
