/** Every message of every protocol, recorded from an honest run, mutated, and given to the role that is due it. */
import type { Compute } from '../../../src/compute/compute.ts';
import { inlineCompute } from '../../../src/compute/inline.ts';
import { tasks } from '../../../src/compute/tasks.ts';
import { ready as groupReady } from '../../../src/primitives/group/index.ts';
import { ready as heReady } from '../../../src/primitives/he/index.ts';
import { activeMeasure, passiveMeasure } from '../../../src/protocols/measure/index.ts';
import type { Party, Run } from '../../../src/protocols/party.ts';
import { alignFirst, alignSecond } from '../../../src/protocols/psi/index.ts';
import { activeScore, passiveScore } from '../../../src/protocols/score/index.ts';
import {
  countAsker,
  countComparer,
  excludeAsker,
  excludeComparer,
} from '../../../src/protocols/sets/index.ts';
import { activeTrain, passiveTrain } from '../../../src/protocols/vertical-lr/index.ts';
import { cleartextTasks } from '../../support/cleartext.ts';
import { measureTerms } from '../../support/measure-stage.ts';
import { seededRandom } from '../../support/random.ts';
import type { Recorded } from '../../support/recorder.ts';
import { twoParties } from '../../support/regression-data.ts';
import { MemoryScoreLedger } from '../../support/score-ledger.ts';
import { runPair } from '../../support/two-party.ts';
import { below, mutateBytes, mutateMessage, oneOf, type Word } from '../mutations.ts';
import { type Part, partsOf, playAgainst, type RoleUnderTest } from '../scripted.ts';
import type { Case, Target } from '../target.ts';

interface Protocol {
  readonly name: string;
  readonly weights: readonly [number, number];
  readonly roles: () => readonly [(party: Party) => Run<unknown>, (party: Party) => Run<unknown>];
  /** Coins come from the seed alone, so that a recording is the same each time. */
  readonly recordedWith: () => Compute;
}

const align: Protocol = {
  name: 'align',
  weights: [30, 30],
  roles: () => {
    const common = { session: new Uint8Array(32), maxRows: 1_000, minRows: 1 };
    const ids = (from: number) => Array.from({ length: 6 }, (_, i) => `c${from + i}`);
    return [
      (party) => alignFirst(party, { ids: ids(0), ...common }),
      (party) => alignSecond(party, { ids: ids(3), ...common }),
    ];
  },
  recordedWith: inlineCompute,
};

const score: Protocol = {
  name: 'score',
  weights: [40, 40],
  roles: () => {
    const half = (columns: number) => ({
      modelId: 'model-1',
      step: 0.125,
      features: { rows: 50, columns, values: new Float64Array(50 * columns).fill(0.5) },
      weights: new Float64Array(columns).fill(0.3),
      intercept: 0,
    });
    const rowKeys = Array.from({ length: 50 }, (_, row) => `c${row}`);
    return [
      (party) => activeScore(party, half(2)),
      (party) => passiveScore(party, { ...half(5), rowKeys, ledger: new MemoryScoreLedger() }),
    ];
  },
  recordedWith: inlineCompute,
};

const train: Protocol = {
  name: 'train',
  weights: [25, 25],
  roles: () => {
    const { active, passive, labels } = twoParties({ rows: 1_000, dActive: 1, dPassive: 1 });
    const settings = { passes: 2, ridge: 0.01, harmonics: 2 };
    return [
      (party) => activeTrain(party, { features: active, labels, settings }),
      (party) => passiveTrain(party, { features: passive, settings }),
    ];
  },
  recordedWith: () => inlineCompute({ ...tasks, ...cleartextTasks(seededRandom('recorded')) }),
};

const SESSION = new Uint8Array(32);
const people = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `c${from + i}`);
const listed = (from: number) => ({
  ids: people(from, from + 6),
  padded: false,
  name: new Uint8Array(16).fill(from),
});
/** A gate that remembers nothing. */
const release = async (_: unknown, draw: () => Uint8Array<ArrayBuffer>) => draw();

const exclude: Protocol = {
  name: 'exclude',
  weights: [15, 15],
  roles: () => {
    const terms = { holdout: 0.1, maxCertainty: 1 };
    const common = { session: SESSION, maxRows: 1_000, terms };
    const admit = async () => new Uint8Array(32).fill(4);
    return [
      (party) => excludeAsker(party, { ...common, list: listed(0), admit }),
      (party) => excludeComparer(party, { ...common, list: listed(3), check: () => {}, release }),
    ];
  },
  recordedWith: inlineCompute,
};

const count: Protocol = {
  name: 'count',
  weights: [15, 15],
  roles: () => {
    const exact = { floor: 1, epsilon: undefined, release };
    const common = { ...exact, session: SESSION, maxRows: 1_000, peerLists: 1 };
    return [
      (party) => countAsker(party, { ...common, lists: [listed(0)] }),
      (party) => countComparer(party, { ...common, lists: [listed(3)] }),
    ];
  },
  recordedWith: inlineCompute,
};

/** SEAL draws the active party's key anew in each run, which no recording fits: that role is not tried. */
const measure: Protocol = {
  name: 'measure',
  weights: [15, 0],
  roles: () => {
    const terms = measureTerms({ maxRows: 1_000 });
    const cohorts = [Uint32Array.from(people(0, 8), (_, i) => i), Uint32Array.of(8, 9, 10, 11, 12)];
    const columns = [Float64Array.from(people(0, 13), (_, i) => 10 * i)];
    const noise = seededRandom('noise');
    return [
      (party) => passiveMeasure(party, { terms, ids: people(0, 13), cohorts, noise }),
      (party) => activeMeasure(party, { terms, ids: people(2, 15), columns, noise }),
    ];
  },
  recordedWith: inlineCompute,
};

const SIDES = [0, 1] as const;
const PROTOCOLS = [align, score, train, exclude, count, measure];

export const roleTargets: readonly Target[] = PROTOCOLS.flatMap((protocol) =>
  SIDES.filter((side) => protocol.weights[side] > 0).map((side) => ({
    name: `${protocol.name} ${side === 0 ? 'first' : 'second'}`,
    weight: protocol.weights[side],
    prepare: () => prepareRole(protocol, side),
  })),
);

async function prepareRole({ roles, recordedWith }: Protocol, side: 0 | 1): Promise<Case> {
  await Promise.all([groupReady(), heReady()]);
  const [first, second] = roles();
  const outcomes = await runPair(first, second, {
    seed: 'fuzz',
    computes: [recordedWith(), recordedWith()],
  });
  for (const { error } of outcomes) if (error !== undefined) throw error;
  const script = outcomes[side].view.messages.filter(({ direction }) => direction === 'heard');
  // The role that is tried is the real one: what is mutated reaches SEAL and the group's engine.
  const role: RoleUnderTest = {
    play: (party) => roles()[side](party),
    compute: inlineCompute(),
    coins: `fuzz ${side}`,
  };
  await playAgainst(role, script.flatMap(partsOf));
  return (word) => playAgainst(role, mutateScript(script, word));
}

/** One message changed in its fields or bytes; or dropped, repeated, moved, renamed, or as long as it is not. */
function mutateScript(script: readonly Recorded[], word: Word): Part[] {
  const at = below(word, script.length);
  const message = script[at]!;
  const around = (...middle: readonly Recorded[]): Part[] =>
    [...script.slice(0, at), ...middle, ...script.slice(at + 1)].flatMap(partsOf);
  const donor = oneOf(word, script);
  switch (word() % 16) {
    case 0:
      return around();
    case 1:
      return around(message, message);
    case 2:
      return around(donor);
    case 3:
      return around({ ...message, typeName: donor.typeName });
    case 4: {
      const parts = around(message);
      const lying = below(word, parts.length);
      const { kind, body } = parts[lying]!;
      parts[lying] = { kind, body: mutateBytes(body, word) };
      return parts;
    }
  }
  return around({ ...message, bytes: mutateMessage(message.bytes, word, donor.bytes) });
}
