/** Sums of chosen summands under encryption are exact, their parameters leave room for the flood, and replies say nothing. */
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { remaindersOf } from '../../../src/math/torus.ts';
import {
  drawFlood,
  encodeConstant,
  errorBound,
  floodBound,
  heTasks,
  MOST_SUMMANDS,
  N,
  ready,
  SECURE_BITS,
  SUM_MODULI,
  SUM_RING,
  sumTasks,
} from '../../../src/primitives/he/index.ts';
import { FINISHED_RING, SUM_DROP_BITS } from '../../../src/primitives/he/sum-parameters.ts';
import { seededRandom } from '../../support/random.ts';

beforeAll(ready);

const words = 3 * N;
const ring = SUM_RING;

/**
 * The largest distance of a finished phase from q' sum / t: flood and errors divided by the last prime, the rounding
 * of that division (1/2 for c0', 1/2 for each of N products in c1' s), and what rounding c1' adds likewise.
 */
function finishedBound(summands: number): bigint {
  const last = BigInt(SUM_RING.primes[2]!);
  const divided = (floodBound(summands) + errorBound(summands)) / last + 1n;
  const rounding = BigInt(N) / 2n + 1n;
  return divided + rounding + ((BigInt(N) << BigInt(SUM_DROP_BITS)) >> 1n);
}

interface Case {
  readonly columns: readonly { readonly modulus: number; readonly summands: Uint32Array }[];
  readonly selected: readonly number[];
  readonly constants: readonly bigint[];
  readonly seed: string;
}

function sums({ columns, selected, constants, seed }: Case) {
  const random = seededRandom(seed);
  const { secret, publicKey } = heTasks.generateKey({ ring });
  const blocks = columns[0]!.summands.length / N;
  const cipher0 = new Uint32Array(columns.length * blocks * words);
  const cipher1 = new Uint32Array(columns.length * blocks * words);
  for (const [i, { modulus, summands }] of columns.entries()) {
    const zeros = heTasks.encryptZeros({ ring, secret, count: blocks });
    const { first } = sumTasks.addSummands({ modulus, summands, c0: zeros.c0 });
    cipher0.set(heTasks.unpackResidues({ ring, packed: first, count: blocks }), i * blocks * words);
    cipher1.set(
      heTasks.expandSeeds({ ring, seeds: zeros.seeds, count: blocks }).c1,
      i * blocks * words,
    );
  }
  const finish = () => {
    const zeros = heTasks.publicZeros({ ring, publicKey, count: columns.length });
    return sumTasks.sumSelected({
      selected: Uint32Array.from(selected),
      columns: columns.length,
      cipher0,
      cipher1,
      zero0: zeros.c0,
      zero1: zeros.c1,
      constants: Uint32Array.from(
        columns.flatMap(({ modulus }, i) => [
          ...encodeConstant(modulus, constants[i]!, drawFlood(random, MOST_SUMMANDS)),
        ]),
      ),
    });
  };
  const reply = finish();
  const moduli = columns.map(({ modulus }) => modulus);
  return {
    opened: [...sumTasks.openSums({ secret, moduli, ...reply })],
    reply,
    finish,
    secret,
    moduli,
  };
}

function plainSums({ columns, selected, constants }: Case): number[] {
  return columns.map(({ modulus, summands }, i) => {
    const sum = selected.reduce((total, place) => total + BigInt(summands[place]!), constants[i]!);
    const t = BigInt(modulus);
    return Number(((sum % t) + t) % t);
  });
}

test('sums under encryption equal plain sums, with the flood for the most summands', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3 }),
      fc.string({ minLength: 1, maxLength: 8 }),
      fc.array(fc.bigInt({ min: -(2n ** 50n), max: 2n ** 50n }), { minLength: 3, maxLength: 3 }),
      (blocks, seed, constants) => {
        const random = seededRandom(seed);
        const columns = SUM_MODULI.map((modulus) => ({
          modulus,
          summands: new Uint32Array(random.bytes(4 * blocks * N).buffer).map((v) => v % modulus),
        }));
        const coins = random.bytes(blocks * N);
        const selected = [...coins.keys()].filter((place) => coins[place]! < 100);
        const given = { columns, selected, constants, seed };
        expect(sums(given).opened).toEqual(plainSums(given));
      },
    ),
    { numRuns: 6 },
  );
});

test('nothing chosen gives the constant, and every place of a block counts with its sign', () => {
  const modulus = SUM_MODULI[0]!;
  const summands = Uint32Array.from({ length: 2 * N }, (_, j) => j);
  const columns = [{ modulus, summands }];
  for (const selected of [[], [0], [1], [N - 1], [N], [N + 1], [2 * N - 1], [0, 1, N - 1, N]]) {
    const given = { columns, selected, constants: [-3n], seed: selected.join() };
    expect(sums(given).opened).toEqual(plainSums(given));
  }
});

test('the moduli lie under the table of 128-bit security', () => {
  const bits = [...ring.primes, ring.special].reduce((sum, p) => sum + Math.ceil(Math.log2(p)), 0);
  expect(bits).toBeLessThanOrEqual(SECURE_BITS);
  expect(new Set(SUM_MODULI).size).toBe(3);
});

test('the flood is 40 bits above the worst error, and what it does to a phase stays below half a step', () => {
  expect(floodBound(MOST_SUMMANDS)).toBe(errorBound(MOST_SUMMANDS) * 2n ** 40n);
  // By hand: 22 a summand, a public zero of 21 (2N + 1), the constant's rounding.
  expect(errorBound(MOST_SUMMANDS)).toBe(22n * 2n ** 20n + 21n * 8193n + 1n);
  // A finished phase is nearer to its own message than to any other, and with twice the summands it is not.
  const { modulus } = remaindersOf(FINISHED_RING.primes);
  const worst = BigInt(Math.max(...SUM_MODULI));
  const span = (summands: number) => 2n * worst * (finishedBound(summands) + 1n);
  expect(span(MOST_SUMMANDS)).toBeLessThan(modulus);
  expect(span(2 * MOST_SUMMANDS)).toBeGreaterThan(modulus);
});

test('a flood is uniform between its bounds', () => {
  const random = seededRandom('flood');
  const bound = Number(floodBound(1000));
  const draws = Array.from({ length: 4000 }, () => Number(drawFlood(random, 1000)) / bound);
  expect(Math.max(...draws.map(Math.abs))).toBeLessThanOrEqual(1);
  const mean = draws.reduce((sum, x) => sum + x, 0) / draws.length;
  const square = draws.reduce((sum, x) => sum + x * x, 0) / draws.length;
  expect(Math.abs(mean)).toBeLessThan(0.04);
  expect(square).toBeGreaterThan(0.31);
  expect(square).toBeLessThan(0.36);
});

test('equal choices give replies without anything in common', () => {
  const given: Case = {
    columns: [{ modulus: SUM_MODULI[0]!, summands: new Uint32Array(N).fill(5) }],
    selected: [1, 2, 3],
    constants: [0n],
    seed: 'same',
  };
  const { reply: one, finish } = sums(given);
  const other = finish(); // of the same ciphertexts
  expect(Buffer.from(one.second).equals(other.second)).toBe(false);
  const shared = one.second.filter((byte, i) => byte === other.second[i]).length;
  expect(shared / one.second.length).toBeLessThan(0.01);
});

test('a reply of another length or out of range is a violation', () => {
  const given: Case = {
    columns: [{ modulus: SUM_MODULI[0]!, summands: new Uint32Array(N) }],
    selected: [],
    constants: [0n],
    seed: 'wire',
  };
  const { reply, secret, moduli } = sums(given);
  const open = (change: Partial<typeof reply>) => () =>
    sumTasks.openSums({ secret, moduli, ...reply, ...change });
  const violation = expect.objectContaining({ code: 'protocol-violation' });
  expect(open({ first: reply.first.subarray(1) })).toThrow(violation);
  expect(open({ second: reply.second.subarray(1) })).toThrow(violation);
  expect(open({ first: new Uint8Array(8).fill(255) })).toThrow(violation);
});

test('summands above their modulus and places beyond the blocks are refused', () => {
  const c0 = new Uint32Array(words);
  const refused = expect.objectContaining({ code: 'invalid-argument' });
  const modulus = SUM_MODULI[1]!;
  const summands = new Uint32Array(N).fill(modulus);
  expect(() => sumTasks.addSummands({ modulus, summands, c0 })).toThrow(refused);
  expect(() => sumTasks.addSummands({ modulus: 65_537, summands: new Uint32Array(N), c0 })).toThrow(
    refused,
  );
  const columns = [{ modulus, summands: new Uint32Array(N) }];
  expect(() => sums({ columns, selected: [N], constants: [0n], seed: 'x' })).toThrow(refused);
});
