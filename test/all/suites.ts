/** What `test:all` runs, and how each suite's own output becomes rows of one table. */

/** One kind of fault done to one protocol. */
export interface Row {
  readonly fault: string;
  readonly protocol: string;
  readonly runs: number;
  /** Ended with the undisturbed outcome; of inputs: taken, being well-formed. */
  readonly same: number;
  /** Ended with the same named failure at both parties; of inputs: refused; of attacks and seeded bugs: found out. */
  readonly sameAbort: number;
  readonly wrong: number;
  readonly hung: number;
}

type Line = Readonly<Record<string, unknown>>;

export interface Suite {
  readonly name: string;
  /** Arguments of node, from the top of the project. */
  readonly command: readonly string[];
  /** It measures by the clock, so nothing may run beside it. */
  readonly alone?: boolean;
  readonly rows: (lines: readonly Line[]) => readonly Row[];
}

const number = (value: unknown): number => (typeof value === 'number' ? value : Number.NaN);

/** Lines that are rows already; whatever else they carry stays out of the table. */
const asTheyAre = (lines: readonly Line[]): Row[] =>
  lines.map((line) => ({
    fault: String(line.fault),
    protocol: String(line.protocol),
    runs: number(line.runs),
    same: number(line.same),
    sameAbort: number(line.sameAbort),
    wrong: number(line.wrong),
    hung: number(line.hung),
  }));

const fuzzed =
  (fault: string, protocol: string) =>
  (lines: readonly Line[]): Row[] =>
    lines.map(({ cases, accepted, refused, crashes, wasmExceptions }) => ({
      fault,
      protocol,
      runs: number(cases),
      same: number(accepted),
      sameAbort: number(refused),
      wrong: number(crashes) + number(wasmExceptions),
      hung: 0,
    }));

/** A seeded bug that no test notices is a wrong one; what notices it is the table of the mutants' own command. */
const mutants = (lines: readonly Line[]): Row[] => {
  const caught = lines.filter(
    ({ applied, cleanGreen, failed }) =>
      applied === true && cleanGreen === true && Array.isArray(failed) && failed.length > 0,
  ).length;
  return [
    {
      fault: 'seeded bug',
      protocol: 'all',
      runs: lines.length,
      same: 0,
      sameAbort: caught,
      wrong: lines.length - caught,
      hung: 0,
    },
  ];
};

const labels = (lines: readonly Line[]): Row[] =>
  lines.map(({ build, party, candidates, expected }) => ({
    fault: `label inference, ${String(build)} build`,
    protocol: `train, view of the ${String(party)}`,
    runs: number(candidates),
    same: 0,
    sameAbort: expected === true ? number(candidates) : 0,
    wrong: expected === true ? 0 : 1,
    hung: 0,
  }));

/** The release gate's threshold in that attack. */
const LEAST_DIFFERENCE = 50;

const differencing = (lines: readonly Line[]): Row[] =>
  lines.map(({ histories, released, refused, minDifference }) => ({
    fault: 'differencing',
    protocol: 'release gate',
    runs: number(histories),
    same: number(released),
    sameAbort: number(refused),
    wrong: number(minDifference) >= LEAST_DIFFERENCE ? 0 : 1,
    hung: 0,
  }));

const killed = (lines: readonly Line[]): Row[] =>
  lines.map(({ kills, doubleCharges, answers, debits }) => ({
    fault: 'SIGKILL between debit and answer',
    protocol: 'tag query',
    runs: number(kills),
    same: number(kills),
    sameAbort: 0,
    wrong: number(doubleCharges) + Math.max(0, number(answers) - number(debits)),
    hung: 0,
  }));

/** A figure with a goal, as one run. */
const figure =
  (fault: string, protocol: string) =>
  (lines: readonly Line[]): Row[] =>
    lines.map(({ met }) => ({
      fault,
      protocol,
      runs: 1,
      same: met === true ? 1 : 0,
      sameAbort: 0,
      wrong: met === true ? 0 : 1,
      hung: 0,
    }));

export interface Sizes {
  readonly schedules: number;
  /** Of a training and a scoring, the frames that are tried; of the other protocols it is all. */
  readonly framesOfLong: number;
  /** Of each party's steps in a training or a scoring. */
  readonly stepsOfLong: number;
  readonly kills: number;
  readonly tagKills: number;
  readonly messages: number;
  readonly ciphertexts: number;
  readonly wire: number;
  readonly soakMinutes: number;
  /** Tag queries at once. */
  readonly queries: number;
}

/** The soak first, since it counts on being left half of the machine; then those that take longest. */
export const suites = (sizes: Sizes): readonly Suite[] => [
  {
    name: 'many tag queries at once',
    command: ['test/load/main.ts', '--at-once', `${sizes.queries}`, '--json'],
    alone: true,
    rows: asTheyAre,
  },
  {
    name: 'what it costs to keep a pass',
    command: ['benchmarks/main.ts', 'journal', '--json'],
    alone: true,
    rows: figure('checkpoint above 5 % of a pass', 'train'),
  },
  {
    name: 'soak',
    command: ['test/soak/main.ts', '--minutes', `${sizes.soakMinutes}`, '--json'],
    rows: asTheyAre,
  },
  {
    name: 'random schedules of faults',
    command: ['test/faults/main.ts', 'simulate', '--schedules', `${sizes.schedules}`, '--json'],
    rows: asTheyAre,
  },
  {
    name: 'each fault of a frame, at each frame',
    command: ['test/faults/main.ts', 'frames', '--most', `${sizes.framesOfLong}`, '--json'],
    rows: asTheyAre,
  },
  {
    name: 'processes killed at every step',
    command: ['test/faults/main.ts', 'kill', '--points', `${sizes.kills}`, '--json'],
    rows: asTheyAre,
  },
  { name: 'seeded bugs', command: ['test/mutants/main.ts', '--json'], rows: mutants },
  {
    name: 'tag servers killed between debit and answer',
    command: ['test/kill/main.ts', 'tag-query', '--times', `${sizes.tagKills}`, '--json'],
    rows: killed,
  },
  {
    name: 'lines that break, stall and lie',
    command: ['test/faults/main.ts', 'lines', '--json'],
    rows: asTheyAre,
  },
  {
    name: 'what is kept lost, changed, put back, or not taken by the disk',
    command: ['test/faults/main.ts', 'states', '--most', `${sizes.stepsOfLong}`, '--json'],
    rows: asTheyAre,
  },
  {
    name: 'cheats, floods, bad certificates, damaged state',
    command: ['test/all/tests.ts'],
    rows: asTheyAre,
  },
  {
    name: 'everything a peer, an operator or a file may say, mutated',
    command: ['test/fuzz/main.ts', 'wire', '--cases', `${sizes.wire}`, '--json'],
    rows: fuzzed('mutated input', 'every parser and role'),
  },
  {
    name: 'messages of every schema, mutated',
    command: ['test/fuzz/main.ts', 'messages', '--cases', `${sizes.messages}`, '--json'],
    rows: fuzzed('mutated message', 'every schema'),
  },
  {
    name: 'ciphertexts and keys, mutated',
    command: ['test/fuzz/main.ts', 'ciphertexts', '--cases', `${sizes.ciphertexts}`, '--json'],
    rows: fuzzed('mutated ciphertext', 'homomorphic encryption'),
  },
  {
    name: 'differencing',
    command: ['test/attack/main.ts', 'differencing', '--json'],
    rows: differencing,
  },
  { name: 'label inference', command: ['test/attack/main.ts', 'labels', '--json'], rows: labels },
];
