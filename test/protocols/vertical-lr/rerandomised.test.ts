/**
 * Goal: a reply tells the key's owner nothing of the columns it was computed from, although it
 * knows its key and every ciphertext it sent.
 * Method: replies to equal ciphertexts and equal columns, compared residue by residue; and the
 * owner's best linear algebra, which finds the columns when the zeros are left out.
 */
import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import {
  GradientReplySchema,
  SigmoidInputSchema,
} from '../../../src/gen/sotto/protocol/v1/vertical_lr_pb.ts';
import type { FeatureMatrix } from '../../../src/math/columns.ts';
import { heTasks, N, type SeededZeros } from '../../../src/primitives/he/index.ts';
import { chunksFor } from '../../../src/protocols/vertical-lr/chunks.ts';
import { answerForward } from '../../../src/protocols/vertical-lr/forward.ts';
import { sendGradientReply } from '../../../src/protocols/vertical-lr/gradient.ts';
import { answerPhasors } from '../../../src/protocols/vertical-lr/sigmoid.ts';
import { forwardResidues, inverseResidues } from '../../support/residues.ts';
import { centred } from '../../support/ring.ts';
import {
  residuesOf,
  type StagePair,
  stagePair,
  unrounded,
} from '../../support/vertical-lr-stage.ts';

/** Rows that repeat after N, columns that are all equal: any two replies have equal products. */
function repeated(rows: number, columns: number, scale = 1): FeatureMatrix {
  const values = Float64Array.from(
    { length: rows * columns },
    (_, i) => scale * Math.sin(((i % rows) % N) ** 2),
  );
  return { rows, columns, values };
}

/** Encryptions of zero under the owner's key, expanded. */
function ciphertexts({ key }: StagePair, count: number) {
  const { ring } = key;
  const zeros: SeededZeros = heTasks.encryptZeros({ ring, secret: key.secretFor(key.use), count });
  const { c1 } = heTasks.expandSeeds({ ring, seeds: zeros.seeds, count });
  return { ...zeros, c1 };
}

/** The reply to all rows, of which there is one chunk. */
function answerAll({ training, pass }: StagePair, weights: { c0: Uint32Array; c1: Uint32Array }) {
  const [chunk] = chunksFor(training.parameters);
  return answerForward(training, pass.peer('forward'), weights, chunk!, 0);
}

/** Share of the entries of each limb in which two polynomials differ. */
function differing(residues: Uint32Array, primes: readonly number[], [i, j]: [number, number]) {
  return primes.map((_, limb) => {
    const place = (index: number): number => (index * primes.length + limb) * N;
    let different = 0;
    for (let k = 0; k < N; k++) if (residues[place(i) + k] !== residues[place(j) + k]) different++;
    return different / N;
  });
}

const allAbove = (shares: number[], least: number): boolean => shares.every((s) => s > least);

describe('equal products give replies that differ in over 99 % of the residues of each limb', () => {
  test('in the forward stage, over blocks and over calls', async () => {
    const parameters = unrounded(2 * N, 3);
    const stage = await stagePair(parameters, repeated(2 * N, 3), 'forward');
    const { primes } = parameters.forwardRing;
    const evaluator = stage.pass.peer('forward');
    const weights = ciphertexts(stage, 3);
    const replies: Uint32Array[] = [];
    for (const [portion, chunk] of chunksFor(parameters).entries()) {
      const { second } = await answerForward(stage.training, evaluator, weights, chunk, portion);
      replies.push(residuesOf(second, primes));
    }
    const both = Uint32Array.from([...replies[0]!, ...replies[1]!]);
    expect(allAbove(differing(both, primes, [0, 1]), 0.99)).toBe(true);
    expect(allAbove(differing(stage.training.rows.kept, primes, [0, 1]), 0.99)).toBe(true);
  });

  test('in the gradient stage, over weights', async () => {
    const parameters = unrounded(1000, 4);
    const stage = await stagePair(parameters, repeated(1000, 4), 'gradient');
    const { c0, c1 } = ciphertexts(stage, 1);
    stage.training.rows.theirs.c0.set(c0);
    stage.training.rows.theirs.c1.set(c1);
    const kept = await sendGradientReply(stage.training, stage.pass.peer('gradient'));
    const [message] = await stage.heard(GradientReplySchema, 1);
    const { primes } = parameters.ring;
    const replies = residuesOf(message!.second, primes);
    for (const pair of [
      [0, 1],
      [1, 2],
      [0, 3],
    ] as [number, number][])
      expect(allAbove(differing(replies, primes, pair), 0.99)).toBe(true);
    expect(new Set(kept).size).toBe(4);
    for (const prime of primes)
      expect(new Set(kept.map((share) => share % BigInt(prime))).size).toBe(4);
  });

  test('in the sigmoid stage, over half blocks', async () => {
    const parameters = unrounded(N, 1);
    const stage = await stagePair(parameters, repeated(N, 1), 'sigmoid');
    const { ring } = parameters;
    const kept: Uint32Array[] = [];
    const replies: Uint32Array[] = [];
    // The same ciphertexts twice in one message are refused, so they come in two trainings of the stage.
    const { seeds, c0 } = ciphertexts(stage, 4);
    const messages = new Int32Array(4 * N);
    const first = heTasks.sealMessages({ ring, zeros: c0, messages, dropBits: 0 });
    const [chunk] = chunksFor(parameters);
    for (let round = 0; round < 2; round++) {
      const again = round === 0 ? stage : await stagePair(parameters, repeated(N, 1), 'sigmoid');
      if (round === 1) again.pass.meet({ sigmoid: stage.key.publicKey });
      again.training.rows.logits.fill(12345);
      const message = create(SigmoidInputSchema, { seeds, first });
      const evaluator = again.pass.peer('sigmoid');
      const { second } = await answerPhasors(again.training, evaluator, chunk!, message);
      kept.push(again.training.rows.residuals);
      replies.push(residuesOf(second, ring.primes));
    }
    const both = Uint32Array.from([...replies[0]!, ...replies[1]!]);
    expect(allAbove(differing(both, ring.primes, [0, 2]), 0.99)).toBe(true);
    expect(allAbove(differing(both, ring.primes, [1, 3]), 0.99)).toBe(true);
    const shares = Uint32Array.from([...kept[0]!, ...kept[1]!]);
    expect(allAbove(differing(shares, ring.primes, [0, 1]), 0.99)).toBe(true);
  });
});

/** Columns, as residues in NTT order, that explain `passes` replies: Gaussian elimination at each point. */
function solve(ciphers: Uint32Array[], replies: Uint32Array[], p: number): Uint32Array {
  const d = replies.length;
  const solution = new Uint32Array(d * N);
  const inverse = (a: number): number => {
    let [result, square] = [1n, BigInt(a)];
    for (let e = BigInt(p - 2); e > 0n; e >>= 1n) {
      if (e & 1n) result = (result * square) % BigInt(p);
      square = (square * square) % BigInt(p);
    }
    return Number(result);
  };
  const times = (a: number, b: number): number => Number((BigInt(a) * BigInt(b)) % BigInt(p));
  for (let point = 0; point < N; point++) {
    const rows = ciphers.map((c, t) => [
      ...Array.from({ length: d }, (_, j) => c[j * N + point]!),
      replies[t]![point]!,
    ]);
    for (let pivot = 0; pivot < d; pivot++) {
      const scale = inverse(rows[pivot]![pivot]!);
      rows[pivot] = rows[pivot]!.map((v) => times(v, scale));
      for (let other = 0; other < d; other++) {
        if (other === pivot) continue;
        const factor = rows[other]![pivot]!;
        rows[other] = rows[other]!.map((v, i) => (v + p - times(factor, rows[pivot]![i]!)) % p);
      }
    }
    for (let j = 0; j < d; j++) solution[j * N + point] = rows[j]![d]!;
  }
  return solution;
}

describe('linear algebra on as many passes as there are columns', () => {
  const d = 3;
  const features = ((): FeatureMatrix => {
    const values = Float64Array.from({ length: d * N }, (_, i) => 3 * Math.sin(i ** 2));
    return { rows: N, columns: d, values };
  })();
  const integers = (j: number): Int32Array =>
    Int32Array.from({ length: N }, (_, i) => Math.round(features.values[j * N + i]! * 32));

  async function attack(zeros: 'fresh' | 'left out'): Promise<Uint32Array[]> {
    const parameters = unrounded(N, d);
    const { forwardRing: ring } = parameters;
    const ciphers: Uint32Array[] = [];
    const replies: Uint32Array[] = [];
    for (let pass = 0; pass < d; pass++) {
      const stage = await stagePair(parameters, features, 'forward');
      const { c0, c1 } = ciphertexts(stage, d);
      let second: Uint8Array;
      if (zeros === 'fresh') {
        ({ second } = await answerAll(stage, { c0, c1 }));
      } else {
        const none = new Uint32Array(N);
        const plain = stage.training.own.forward!;
        const input = { ring, plain, cipher0: c0, cipher1: c1, zero0: none, zero1: none, terms: d };
        second = heTasks.innerProduct({ ...input, dropBits: 0, keep: 'all' }).reply;
      }
      ciphers.push(c1);
      const residues = residuesOf(second, ring.primes);
      replies.push(forwardResidues({ ring, residues }));
    }
    const solution = solve(ciphers, replies, ring.primes[0]!);
    const coefficients = inverseResidues({ ring, residues: solution });
    return Array.from({ length: d }, (_, j) => coefficients.subarray(j * N, (j + 1) * N));
  }

  const prime = unrounded(N, d).forwardRing.primes[0]!;

  test('finds every column where the fresh zeros are left out', async () => {
    for (const [j, column] of (await attack('left out')).entries())
      expect([...column].map((c) => centred(c, prime))).toEqual([...integers(j)]);
  });

  test('finds noise in what the protocol sends', async () => {
    for (const [j, column] of (await attack('fresh')).entries()) {
      const guess = Float64Array.from(column, (c) => centred(c, prime));
      expect(Math.abs(correlation(guess, integers(j)))).toBeLessThan(5 / Math.sqrt(N));
      // Uniform below p: half of the guesses lie beyond a quarter of it, where no column has values.
      const far = guess.filter((c) => Math.abs(c) > prime / 4).length / N;
      expect(Math.abs(far - 0.5)).toBeLessThan(0.04);
    }
  });
});

test('replies for columns of zero and of extremes are alike', async () => {
  const parameters = unrounded(N, 2);
  const { primes } = parameters.forwardRing;
  const replies: Float64Array[] = [];
  for (const scale of [0, 8]) {
    const stage = await stagePair(parameters, repeated(N, 2, scale), 'forward');
    const { c0, c1 } = ciphertexts(stage, 2);
    const { second } = await answerAll(stage, { c0, c1 });
    const reply = residuesOf(second, primes);
    replies.push(Float64Array.from(reply, (r) => centred(r, primes[0]!)));
    const sd = Math.sqrt(replies.at(-1)!.reduce((sum, r) => sum + r * r, 0) / N);
    expect(Math.abs(sd / (primes[0]! / Math.sqrt(12)) - 1)).toBeLessThan(0.05);
  }
  expect(Math.abs(correlation(replies[0]!, replies[1]!))).toBeLessThan(5 / Math.sqrt(N));
});

function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}
