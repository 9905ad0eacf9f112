/**
 * Everything in a party's view that could stand for a row, as one number a row: what it heard, read in
 * each way; with one's own shares added; and two passes' messages subtracted from each other.
 */
import type { FeatureMatrix } from '../../../src/math/columns.ts';
import { multiplyVector } from '../../../src/math/matrix.ts';
import type { Observed } from './observed.ts';
import { asFolds, asSlots, onTorus } from './readings.ts';
import { gradientShares, type Heard, heardIn, ownShares, type Polynomial } from './view.ts';

export interface Candidate {
  readonly name: string;
  /** A number a row. */
  readonly values: Float64Array;
}

function* readings(polynomials: readonly Polynomial[]): Generator<Candidate> {
  for (const { name, values } of polynomials) yield { name: `${name} as coefficients`, values };
  // Weights and logits, of the forward prime alone, never stand in slots.
  if (polynomials[0]?.limbs === 1) return;
  for (const { name, values } of polynomials) {
    yield { name: `${name} as folds`, values: asFolds(values) };
  }
  // Half blocks of their own: those of the first half, then those of the second.
  const each = polynomials.length / 2;
  for (let i = 0; Number.isInteger(each) && i < each; i++) {
    const [first, second] = [polynomials[i]!, polynomials[each + i]!];
    yield { name: `${first.name} as slots`, values: asSlots(first.values, second.values) };
  }
}

const summed = (a: Polynomial, b: Polynomial, sign: 1 | -1): Polynomial => ({
  name: `${a.name} ${sign === 1 ? '+' : '-'} ${b.name}`,
  limbs: a.limbs,
  values: onTorus(a.values, b.values, sign),
});

/** As it is, and with each own share of that modulus added or taken away. */
function* withShares(polynomial: Polynomial, own: readonly Polynomial[]): Generator<Polynomial> {
  yield polynomial;
  for (const share of own) {
    if (share.limbs !== polynomial.limbs) continue;
    yield summed(polynomial, share, 1);
    yield summed(polynomial, share, -1);
  }
}

/** All that the holder of this view could rank the peer's rows by. */
export async function* candidatesOf(
  view: readonly Observed[],
  features: FeatureMatrix,
): AsyncGenerator<Candidate> {
  const own = ownShares(view);
  for (const share of own) yield* readings([share]);
  const earlier = new Map<string, Heard>();
  for await (const heard of heardIn(view)) {
    yield* readings(heard.polynomials);
    for (const polynomial of heard.polynomials) {
      for (const sum of withShares(polynomial, own)) if (sum !== polynomial) yield* readings([sum]);
    }
    const before = earlier.get(heard.kind);
    for (const [i, old] of (before?.polynomials ?? []).entries()) {
      const replayed = summed(old, heard.polynomials[i]!, -1);
      for (const sum of withShares(replayed, own)) yield* readings([sum]);
    }
    earlier.set(heard.kind, heard);
  }
  // The columns are independent and of one size: least squares of the residuals is a multiple of X g.
  for (const [i, shares] of gradientShares(view, features.columns).entries()) {
    yield { name: `least squares on gradient ${i}`, values: multiplyVector(features, shares) };
  }
}
