/** What the kernels do for a training besides products, each against the same in plain TypeScript. */
import { embedPhasors, HALF } from '../../src/kernels/embedding.ts';
import { fieldOf, N } from '../../src/kernels/field.ts';
import { expand, load, round, spread, work } from '../../src/kernels/ring.ts';
import { modulo, remaindersOf } from '../../src/math/torus.ts';
import { dataPrimes, SEED_BYTES } from '../../src/primitives/he/index.ts';
import { localForward } from '../../src/primitives/sharing/products.ts';
import { expandPlainly } from '../../test/support/blake2xb.ts';
import { plainPhasors } from '../../test/support/embedding.ts';
import { seededRandom } from '../../test/support/random.ts';
import { randomResidues } from '../../test/support/ring.ts';
import { type BenchOptions, costRow, type Row, race } from '../harness.ts';

const primes = dataPrimes([28, 28]);
const HARMONICS = 3;
const COLUMNS = 30;
const PLAIN = 'plain TypeScript';

interface Pair {
  readonly name: string;
  readonly kernel: () => unknown;
  readonly plain: () => unknown;
  readonly goal?: NonNullable<Row['goal']>;
}

/** Microseconds of one call. */
export async function* ring({ quick }: BenchOptions): AsyncGenerator<Row, void, void> {
  const rounds = quick ? 5 : 15;
  for (const { name, kernel, plain, goal } of [embedding(), torus(), expansion(), columns()]) {
    await race([kernel, plain], { rounds: 3, calls: 3 }); // until V8 has compiled both for speed
    const [own, other] = await race([kernel, plain], {
      rounds,
      calls: 'even',
      clock: 'thread',
    });
    const baseline = { name: PLAIN, value: 1000 * other };
    const row = costRow(`ring: ${name}`, 'us', 1000 * own, baseline, rounds);
    yield goal === undefined ? row : { ...row, goal };
  }
}

function embedding(): Pair {
  const prime = primes[0]!;
  const shares = randomResidues([prime], 1, 1).subarray(0, HALF);
  const real = new Float64Array(HARMONICS).fill(4096);
  const imaginary = new Float64Array(HARMONICS).fill(100);
  const target = new Int32Array(HARMONICS * N);
  return {
    name: `embedding of ${HALF} phasors, ${HARMONICS} harmonics`,
    kernel: () => embedPhasors(shares, prime, { real, imaginary }, target),
    plain: () => {
      for (let k = 0; k < HARMONICS; k++) {
        const exact = plainPhasors(shares, prime, 2 * k + 1, [real[k]!, imaginary[k]!]);
        for (let i = 0; i < N; i++) target[k * N + i] = Math.round(exact[i]!);
      }
    },
    goal: { ratioAtLeast: 4 },
  };
}

/** Residues joined, rounded to a coarser grid of the torus, and back to residues. */
function torus(): Pair {
  const fields = primes.map(fieldOf);
  const residues = randomResidues(primes, 1, 2);
  const [first, second] = [work[0]!, work[1]!];
  load(first, residues, 0);
  load(second, residues, 1);
  const drop = 20;
  const result = new Uint32Array(2 * N);
  return {
    name: `torus, ${N} points: joined from 2 x 28 bits, rounded, split`,
    kernel: () => {
      round([first, second], fields, drop);
      for (const [limb, field] of fields.entries()) spread(work[2 + limb]!, field, drop);
    },
    plain: () => {
      const { combine, split, modulus } = remaindersOf(primes);
      const half = 1n << BigInt(drop - 1);
      for (let i = 0; i < N; i++) {
        const joined = (combine([residues[i]!, residues[N + i]!]) + half) >> BigInt(drop);
        const [low, high] = split(modulo(joined << BigInt(drop), modulus));
        result[i] = low!;
        result[N + i] = high!;
      }
    },
  };
}

function expansion(): Pair {
  const field = fieldOf(primes[0]!);
  const seed = seededRandom('expansion').bytes(SEED_BYTES);
  return {
    name: `seed expansion, ${N} residues`,
    kernel: () => expand(work[0]!, seed, 0, field),
    plain: () => expandPlainly(seed, 0, field.p),
  };
}

/** A party's own part of its logits. */
function columns(): Pair {
  const prime = primes[0]!;
  const integers = Int16Array.from(randomResidues([65521], COLUMNS, 3));
  const weights = randomResidues([prime], 1, 4).subarray(0, COLUMNS);
  const input = { integers, stride: N, from: 0, to: N, weights, prime };
  const sums = new Float64Array(N);
  return {
    name: `${COLUMNS} columns of ${N} rows times shares of weights`,
    kernel: () => localForward(input),
    plain: () => {
      sums.fill(0);
      // Each product is below 2^44: so many are exact in a double.
      for (let column = 0; column < COLUMNS; column++) {
        const weight = weights[column]!;
        for (let row = 0; row < N; row++) sums[row]! += integers[column * N + row]! * weight;
      }
      return Uint32Array.from(sums, (sum) => ((sum % prime) + prime) % prime);
    },
  };
}
