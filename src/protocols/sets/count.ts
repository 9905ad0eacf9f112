/** How many rows both have, for each pair of lists; with noise from each party against the other. */
import type { Bytes } from '../../base/bytes.ts';
import { lengthPrefixed } from '../../base/bytes.ts';
import { SottoError } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import { ReleasedCountsSchema } from '../../gen/sotto/protocol/v1/sets_pb.ts';
import { discreteLaplace, type Scale, scaleOf } from '../../math/discrete-laplace.ts';
import type { Party, Run } from '../party.ts';
import { compareHere, compareThere, type Pair } from './compare.ts';
import { CANARIES, elementsOf, type Mixed, mix, NO_DUMMIES, type OwnList } from './list.ts';
import { exchangeSizes, type PeerLists } from './sizes.ts';

export interface CountInput {
  readonly lists: readonly OwnList[];
  /** How many lists the peer brings. */
  readonly peerLists: number;
  /** Both parties' name for this run, never used for another. */
  readonly session: Uint8Array;
  readonly maxRows: number;
  /** Numbers below are suppressed. */
  readonly floor: number;
  /** Privacy loss of each number towards each party; undefined: exact numbers. */
  readonly epsilon: number | undefined;
  /**
   * Gives this party's part of the answer to this question: that of before, or one drawn now and kept
   * before it is used.
   */
  readonly release: (peer: PeerLists, draw: () => Bytes) => Promise<Bytes>;
}

export interface CountResult {
  /** Line by line of the comparer's lists; undefined: suppressed. The same at both parties. */
  readonly counts: readonly (number | undefined)[];
  /** Of a number's noise; 0 where there is none. */
  readonly standardDeviation: number;
  /** Sizes of the peer's lists, as told. */
  readonly peerSizes: readonly number[];
}

/** The noise of the asker is cut here on both sides: further out it lies with probability below 2^-40. */
const TAIL = Math.log(2 ** 40);
const COUNT_BYTES = 10;

/** Learns each count with the asker's noise in it, and what is released. Errors as for `compareHere`. */
export async function* countComparer(party: Party, input: CountInput): Run<CountResult> {
  const { channel, random } = party;
  const noise = noiseOf(input);
  const peer = await sayAndHearSizes(party, 'comparer', input);
  const found: number[] = [];
  const pairs = pairsOf(input.lists, peer.sizes);
  for (const [index, { own, other }] of pairs.entries()) {
    const elements = mix(own, { dummies: noise.room, room: noise.room }, random, random);
    const pair = pairAt(input, index, elementsOf(other, noise));
    const matches = yield* part(compareHere(party, elements, pair), index, pairs.length);
    found.push(matches.reduce((sum, match) => sum + match, 0) - CANARIES - noise.room / 2);
  }
  const released = await input.release(peer, () => encode(found.map(() => drawn(random, noise))));
  const counts = decode(released, pairs.length).map((added, index) => {
    const count = found[index]! + added;
    return count < input.floor ? undefined : count;
  });
  await channel.send(ReleasedCountsSchema, {
    counts: counts.map((count) => BigInt(count ?? 0)),
    suppressed: Uint8Array.from(counts, (count) => Number(count === undefined)),
  });
  return { counts, standardDeviation: noise.standardDeviation, peerSizes: peer.sizes };
}

/** Learns what is released. Errors as for `compareThere`. */
export async function* countAsker(party: Party, input: CountInput): Run<CountResult> {
  const { random } = party;
  const noise = noiseOf(input);
  const peer = await sayAndHearSizes(party, 'asker', input);
  const total = input.lists.length * input.peerLists;
  const draw = (): Bytes =>
    encode(Array.from({ length: total }, () => clamped(drawn(random, noise), noise)));
  const added = decode(await input.release(peer, draw), total);

  const pairs = pairsOf(peer.sizes, input.lists);
  for (const [index, { own: other, other: own }] of pairs.entries()) {
    const dummies = noise.room / 2 + added[index]!;
    const elements = mix(own, { dummies, room: noise.room }, random, random);
    const pair = pairAt(input, index, elementsOf(other, noise));
    yield* part(compareThere(party, elements, pair), index, pairs.length);
  }
  const counts = await hearCounts(party, input, total);
  return { counts, standardDeviation: noise.standardDeviation, peerSizes: peer.sizes };
}

interface Noise extends Pick<Mixed, 'room'> {
  readonly scale: Scale | undefined;
  readonly standardDeviation: number;
}

/** A person in both lists changes a count by 1. `room` is even: half of it is no noise. */
function noiseOf({ epsilon }: CountInput): Noise {
  if (epsilon === undefined) return { ...NO_DUMMIES, scale: undefined, standardDeviation: 0 };
  // Var of one draw is 2 q / (1 - q)^2 with q = exp(-epsilon); there are two.
  const q = Math.exp(-epsilon);
  return {
    room: 2 * Math.ceil(TAIL / epsilon),
    scale: scaleOf(1, epsilon),
    standardDeviation: (2 * Math.sqrt(q)) / (1 - q),
  };
}

const drawn = (random: Random, { scale }: Noise): number =>
  scale === undefined ? 0 : discreteLaplace(random, scale);

const clamped = (value: number, { room }: Noise): number =>
  Math.max(-room / 2, Math.min(room / 2, value));

function sayAndHearSizes(
  { channel }: Party,
  role: 'comparer' | 'asker',
  { lists, peerLists, maxRows }: CountInput,
): Promise<PeerLists> {
  return exchangeSizes(channel, role, lists, { lists: peerLists, maxRows });
}

/** Every list of the comparer with every list of the asker. */
function pairsOf<C, A>(comparer: readonly C[], asker: readonly A[]): { own: C; other: A }[] {
  return comparer.flatMap((own) => asker.map((other) => ({ own, other })));
}

const pairAt = ({ session }: CountInput, index: number, peer: number): Pair => ({
  session: lengthPrefixed(session, String(index)),
  peer,
});

/** A pair's run as its share of all. */
async function* part<T>(run: Run<T>, index: number, pairs: number): Run<T> {
  for (;;) {
    const step = await run.next();
    if (step.done === true) return step.value;
    const fraction = (index + step.value.fraction) / pairs;
    yield { ...step.value, fraction, facts: { pair: index + 1, pairs } };
  }
}

async function hearCounts(
  { channel }: Party,
  { floor }: CountInput,
  due: number,
): Promise<(number | undefined)[]> {
  const heard = await channel.receive(ReleasedCountsSchema, due * (COUNT_BYTES + 1) + 32);
  const { counts, suppressed } = heard;
  const sound =
    counts.length === due &&
    suppressed.length === due &&
    suppressed.every((flag, i) =>
      flag === 1 ? counts[i] === 0n : flag === 0 && counts[i]! >= floor,
    );
  if (!sound) {
    throw new SottoError('protocol-violation', 'a table of counts that was not agreed on', {
      message: 'ReleasedCounts',
      expected: due,
      received: counts.length,
    });
  }
  return counts.map((count, i) => (suppressed[i] === 1 ? undefined : Number(count)));
}

/** Numbers as they are remembered: 8 bytes each, big-endian. */
function encode(values: readonly number[]): Bytes {
  const view = new DataView(new ArrayBuffer(8 * values.length));
  for (const [i, value] of values.entries()) view.setFloat64(8 * i, value);
  return new Uint8Array(view.buffer);
}

function decode(bytes: Uint8Array, due: number): number[] {
  if (bytes.length !== 8 * due) throw new SottoError('internal', 'noise of another length');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: due }, (_, i) => view.getFloat64(8 * i));
}
