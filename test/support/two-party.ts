/** Both roles of a protocol in one process: real channels and frames, memory between them. */
import { asSottoError, type SottoError } from '../../src/base/errors.ts';
import { Channel } from '../../src/channel/channel.ts';
import type { Transport } from '../../src/channel/transport.ts';
import type { Compute } from '../../src/compute/compute.ts';
import { inlineCompute } from '../../src/compute/inline.ts';
import type { Party, Progress, Run } from '../../src/protocols/party.ts';
import { memoryPair } from './memory-pair.ts';
import { seededRandom } from './random.ts';
import { Recorder } from './recorder.ts';

export interface PairOptions {
  /** Default: inline, one each. */
  readonly computes?: readonly [Compute, Compute];
  /** Default: a memory pair. */
  readonly transports?: readonly [Transport, Transport];
  /** The parties' coins follow from it. */
  readonly seed?: string | number;
  readonly context?: Uint8Array;
  readonly timeoutMs?: number;
  readonly signals?: readonly [AbortSignal, AbortSignal];
}

/** How a role ended: with a value after its channel finished, or with an error the peer was told of. */
export interface Outcome<T> {
  readonly value?: T;
  readonly error?: SottoError;
  readonly progress: readonly Progress[];
  readonly view: Recorder;
  readonly traffic: { readonly sent: number; readonly received: number };
}

/** Runs both roles to their ends, whatever those are. */
export async function runPair<A, B>(
  first: (party: Party) => Run<A>,
  second: (party: Party) => Run<B>,
  options: PairOptions = {},
): Promise<readonly [Outcome<A>, Outcome<B>]> {
  const transports = options.transports ?? memoryPair();
  return Promise.all([
    runRole(first, transports[0], 0, options),
    runRole(second, transports[1], 1, options),
  ]);
}

/** As `runPair`, for runs that must succeed: both values. */
export async function bothValues<A, B>(
  first: (party: Party) => Run<A>,
  second: (party: Party) => Run<B>,
  options: PairOptions = {},
): Promise<readonly [A, B]> {
  const [one, other] = await runPair(first, second, options);
  for (const { error } of [one, other]) if (error !== undefined) throw error;
  return [one.value as A, other.value as B];
}

/** One role over one transport, ended as a job ends it: finish, or tell the peer and fail. */
export async function runRole<T>(
  role: (party: Party) => Run<T>,
  transport: Transport,
  place: 0 | 1,
  options: PairOptions = {},
): Promise<Outcome<T>> {
  const view = new Recorder();
  const progress: Progress[] = [];
  const signal = options.signals?.[place] ?? new AbortController().signal;
  const channel = new Channel(transport, {
    observe: view.observe,
    timeoutMs: options.timeoutMs ?? 30_000,
    signal,
    ...(options.context === undefined ? {} : { context: options.context }),
  });
  const compute = options.computes?.[place] ?? inlineCompute();
  const random = seededRandom(`${options.seed ?? 'pair'} ${place}`);
  const seen = (): Pick<Outcome<T>, 'progress' | 'view' | 'traffic'> => ({
    progress,
    view,
    traffic: channel.traffic,
  });
  try {
    const joined = AbortSignal.any([signal, channel.ended]);
    const run = role({ channel, compute, random, signal: joined });
    let next = await run.next();
    for (; next.done !== true; next = await run.next()) progress.push(next.value);
    await channel.finish();
    return { value: next.value, ...seen() };
  } catch (thrown) {
    const error = asSottoError(thrown);
    await channel.fail(error);
    return { error, ...seen() };
  }
}
