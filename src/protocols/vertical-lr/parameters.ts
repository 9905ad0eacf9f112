/** Every number of a training, chosen from its public sizes alone and checked against the security and noise rules. */
import { SottoError } from '../../base/errors.ts';
import { logistic } from '../../math/linear-model.ts';
import { fitPhasorSeries, phasorSeries } from '../../math/sigmoid.ts';
import { N, type Ring, ringOf } from '../../primitives/he/index.ts';
import { HALF } from '../../primitives/sharing/index.ts';
import { type DropBits, type NoisePlan, noiseOf } from './noise.ts';
import { ciphertextBytes, modulusBits, publicKeyBytes, replyBytes } from './sizes.ts';

/** What both parties know before a training. */
export interface Sizes {
  readonly rows: number;
  /** Features of each party; the active party's intercept is not counted here. */
  readonly dActive: number;
  readonly dPassive: number;
  readonly passes: number;
  /** Odd sine harmonics of the sigmoid: 2, 3 or 4. */
  readonly harmonics: number;
}

export interface Parameters extends NoisePlan {
  readonly rows: number;
  /** Weights of each party: the active party's include the intercept. */
  readonly weightsActive: number;
  readonly weightsPassive: number;
  readonly passes: number;
  readonly harmonics: number;
  /** P, in logits: shares of z are known modulo it. */
  readonly period: number;
  /** Of the forward product: shares of z / P, modulo its one prime. */
  readonly forwardRing: Ring;
  /** Of sigmoid and gradient: shares modulo q, the product of its two primes. */
  readonly ring: Ring;
  /** Columns are multiplied as x * 2^fractionBits. */
  readonly fractionBits: number;
  /** One turn of the torus, in units of a weight: P * 2^fractionBits. */
  readonly turn: number;
  /** Residuals are scaled by its square, the product of both parties' phasors. */
  readonly phasorScale: number;
  readonly transformScale: number;
  /** A gradient that would fill one turn: q / (phasorScale^2 transformScale 2n/N). */
  readonly gradientTurn: number;
  /** Blocks of N rows, and of N/2. */
  readonly blocks: number;
  readonly halves: number;
  /** Both directions; a pass after the first, and the whole training. */
  readonly bytes: { readonly pass: number; readonly total: number };
  readonly warnings: readonly string[];
}

/** Below it, 24-bit weights say too much of single rows. */
export const MIN_ROWS = 1000;
/** Rows for each number that is opened. */
export const ROWS_PER_WEIGHT = 10;
/** Numbers opened that depend on one key: each is at most one linear hint on its secret. */
const MAX_HINTS = 700;
/** Steps of the method, rounded to integers, keep an eighth as their coarsest unit. */
const MIN_STEP_RATIO = 8;
/** One forward prime of 28 bits: the widest of which over a hundred products fit an unreduced 64-bit sum. */
const FORWARD_BITS = 28;
const FRACTION_BITS = 5;
const TRANSFORM_SCALE = 2048;
/**
 * Primes of 28 bits sum lazily, wider ones take twice as long, 58 bits are all that can be joined, and every bit is on
 * the wire some hundred thousand times: so many rows first cost accuracy, then a bit, then accuracy, time, accuracy again.
 */
const MODULI = [
  { mostBits: 55, phasorScales: [8192, 5793, 4096] },
  { mostBits: 56, phasorScales: [4096, 2896, 2048] },
  { mostBits: 58, phasorScales: [2896, 2048, 1448, 1024] },
];
/** Fewer make primes too narrow to be offered. */
const LEAST_BITS = 44;
const MOST_BITS = 58;
/** A gradient's error of this share of its standard error widens the weights' spread by a twentieth. */
const MOST_NOISE = { gradient: 0.3, logit: 0.1 };
/**
 * Periods of the series, in logits, by the number of its odd harmonics: multiples of 1/64. It is usable to
 * 0.42 periods either side of 0. A longer period costs accuracy where the rows are (three harmonics: an error of 0.004
 * with 25, 0.02 with 38); separable data needs one, and four harmonics.
 */
const PERIODS: Readonly<Record<number, number>> = { 2: 20, 3: 25, 4: 32 };
/** log2 q of a published key, special prime included, for 128 bits with N = 4096: N >= 38 log2 q. */
const DIMENSIONS_PER_BIT = 38;

/**
 * The same sizes give the same parameters on both sides. Refuses, as `parameters-rejected` with the
 * field, sizes for which no parameters keep the rules; what only weakens a claim is a warning.
 */
export function chooseParameters(sizes: Sizes): Parameters {
  checkSizes(sizes);
  const { rows, dActive, dPassive, passes, harmonics } = sizes;
  const period = periodOf(harmonics);
  const turn = period * 2 ** FRACTION_BITS;
  const { phasorScale, ring } = chooseModulus(rows, turn);
  const forwardRing = ringOf([FORWARD_BITS]);
  const gradientUnit = (phasorScale ** 2 * TRANSFORM_SCALE * rows) / HALF;
  const plan = noiseOf({
    rows,
    weights: dActive + 1 + dPassive,
    harmonics,
    period,
    forwardPrime: forwardRing.primes[0]!,
    fractionBits: FRACTION_BITS,
    phasorScale,
    transformScale: TRANSFORM_SCALE,
    modulusBits: modulusBits(ring),
  });
  const chosen = {
    rows,
    weightsActive: dActive + 1,
    weightsPassive: dPassive,
    passes,
    harmonics,
    period,
    forwardRing,
    ring,
    fractionBits: FRACTION_BITS,
    turn,
    phasorScale,
    transformScale: TRANSFORM_SCALE,
    gradientTurn: ring.primes[0]! * (ring.primes[1]! / gradientUnit),
    ...plan,
    blocks: Math.ceil(rows / N),
    halves: Math.ceil(rows / HALF),
  };
  assertRules(chosen);
  return { ...chosen, bytes: bytesOf(chosen), warnings: warningsOf(chosen) };
}

type Chosen = Omit<Parameters, 'bytes' | 'warnings'>;

function checkSizes({ rows, dActive, dPassive, passes, harmonics }: Sizes): void {
  const counts = { rows, dActive, dPassive, passes };
  for (const [field, value] of Object.entries(counts)) {
    if (!Number.isSafeInteger(value) || value < 0) throw rejected(field, value, 'a whole number');
  }
  if (rows < MIN_ROWS) throw rejected('rows', rows, MIN_ROWS);
  if (dActive < 1 || dPassive < 1) throw rejected('columns', Math.min(dActive, dPassive), 1);
  const most = Math.floor(rows / ROWS_PER_WEIGHT);
  const opened = Math.max(dActive + 1, dPassive);
  if (opened > most) throw rejected('columns', opened, most);
  const hints = dActive + 1 + dPassive;
  if (hints > MAX_HINTS) throw rejected('columns', hints, MAX_HINTS);
  if (passes < 1 || passes > 100) throw rejected('passes', passes, '1 to 100');
  periodOf(harmonics);
}

const rejected = (field: string, found: number, needed: number | string): SottoError =>
  new SottoError('parameters-rejected', `no training has these ${field}`, { field, found, needed });

export function periodOf(harmonics: number): number {
  const period = PERIODS[harmonics];
  if (period === undefined) throw rejected('harmonics', harmonics, '2, 3 or 4');
  return period;
}

/** The largest phasors that a fast modulus carries; for very many rows, that any does. */
function chooseModulus(rows: number, turn: number): { phasorScale: number; ring: Ring } {
  for (const { mostBits, phasorScales } of MODULI) {
    for (const phasorScale of phasorScales) {
      const unit = (phasorScale ** 2 * TRANSFORM_SCALE * rows) / HALF;
      const bits = Math.max(LEAST_BITS, neededBits(MIN_STEP_RATIO * turn * unit));
      if (bits <= mostBits) {
        return { phasorScale, ring: ringOf([Math.ceil(bits / 2), Math.floor(bits / 2)]) };
      }
    }
  }
  throw rejected('rows', rows, 'fewer');
}

/** Bits of a product of two primes within 1 % below powers of two that is at least `least`. */
const neededBits = (least: number): number => Math.ceil(Math.log2(least / 0.98));

function assertRules(chosen: Chosen): void {
  const hints = chosen.weightsActive + chosen.weightsPassive;
  const published = publishedBits(chosen.ring);
  const rules: Readonly<Record<string, boolean>> = {
    // (i) The opened weights are hints on the secrets; what is left of each must still be hard.
    'hints leave the keys hard': N - 1.3 * hints >= DIMENSIONS_PER_BIT * published,
    // (ii) A zero is a sample with a rounding error instead of a drawn one: four bits of margin.
    'zeros are hard': N >= DIMENSIONS_PER_BIT * (published + 4),
    'forward keys are narrower': publishedBits(chosen.forwardRing) <= published,
    'steps are fine enough': chosen.gradientTurn >= MIN_STEP_RATIO * chosen.turn,
    'two limbs can be joined': modulusBits(chosen.ring) <= MOST_BITS,
    'columns fit 16 bits': 8 * Math.max(2 ** FRACTION_BITS, TRANSFORM_SCALE) < 2 ** 15,
    'replies keep enough bits': modulusBits(chosen.ring) - chosen.dropBits.gradient >= 16,
    'the noise is small':
      chosen.noise.gradient <= MOST_NOISE.gradient && chosen.noise.logit <= MOST_NOISE.logit,
  };
  for (const [rule, kept] of Object.entries(rules)) {
    if (!kept) {
      throw new SottoError('parameters-rejected', `no parameters keep the rule: ${rule}`, {
        field: 'columns',
        rows: chosen.rows,
        hints,
        publishedBits: published,
      });
    }
  }
}

/** log2 of the modulus of a published key, rounded up: the special prime counts. */
export const publishedBits = (ring: Ring): number =>
  Math.ceil([...ring.primes, ring.special].reduce((sum, p) => sum + Math.log2(p), 0));

function warningsOf(chosen: Chosen): string[] {
  const columns = Math.max(chosen.weightsActive, chosen.weightsPassive);
  // (iii) A malicious peer can turn each opened 24-bit weight into 16 bits of a key or more.
  const resists = N - 16 * columns >= DIMENSIONS_PER_BIT * publishedBits(chosen.ring);
  return resists
    ? []
    : [
        `with ${columns} weights opened to one party, the keys of the other do not resist a peer ` +
          'that departs from the protocol: the privacy of this training is against a semi-honest peer only',
      ];
}

/** Bytes of payload in both directions; framing adds less than a hundredth. */
function bytesOf(chosen: Chosen): Parameters['bytes'] {
  const { forwardRing, ring, dropBits, inputDropBits, blocks, halves, harmonics } = chosen;
  const weights = chosen.weightsActive + chosen.weightsPassive;
  const gradient =
    2 * publicKeyBytes(ring) + 2 * blocks * ciphertextBytes(ring, inputDropBits.gradient);
  const sigmoid =
    harmonics * ciphertextBytes(ring, inputDropBits.sigmoid) + replyBytes(ring, dropBits.sigmoid);
  const pass =
    gradient +
    weights * replyBytes(ring, dropBits.gradient) +
    2 * publicKeyBytes(forwardRing) +
    weights * ciphertextBytes(forwardRing, inputDropBits.forward) +
    2 * blocks * replyBytes(forwardRing, dropBits.forward) +
    2 * publicKeyBytes(ring) +
    halves * sigmoid;
  const first = gradient / 2 + chosen.weightsPassive * replyBytes(ring, dropBits.gradient);
  return { pass, total: first + (chosen.passes - 1) * pass + 3 * weights };
}

/** The effective parameters for a person: names and numbers only. */
export function describeParameters(parameters: Parameters): Record<string, number | string> {
  const { harmonics, period, noise, dropBits, inputDropBits } = parameters;
  return {
    'ring degree': N,
    'log2 q': modulusBits(parameters.ring),
    'log2 of the published modulus': publishedBits(parameters.ring),
    'log2 of the forward modulus': modulusBits(parameters.forwardRing),
    passes: parameters.passes,
    'sigmoid harmonics': harmonics,
    'sigmoid period': period,
    'sigmoid error': sigmoidError(harmonics, period),
    'fraction bits': parameters.fractionBits,
    'phasor scale': parameters.phasorScale,
    'transform scale': parameters.transformScale,
    'dropped bits': listed(dropBits),
    'dropped bits of inputs': listed(inputDropBits),
    'noise of a logit': noise.logit,
    'noise of a residual': noise.residual,
    'noise of the gradient in standard errors': noise.gradient,
    'weights opened': parameters.weightsActive + parameters.weightsPassive,
    'bytes of a pass': parameters.bytes.pass,
  };
}

const listed = ({ forward, sigmoid, gradient }: DropBits): string =>
  `${forward}/${sigmoid}/${gradient}`;

/** Largest error of the series within four logits of balanced labels: about what it is around other base rates. */
function sigmoidError(harmonics: number, period: number): number {
  const series = fitPhasorSeries({ harmonics, period, centre: 0 });
  let largest = 0;
  for (let z = -4; z <= 4; z += 1 / 16)
    largest = Math.max(largest, Math.abs(phasorSeries(series, z) - logistic(z)));
  return largest;
}
