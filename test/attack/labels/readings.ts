/** A polynomial as one number a row: by coefficients, by folded residuals, by slots. */
import { N } from '../../../src/primitives/he/index.ts';

const HALF = N / 2;

const sines = Float64Array.from({ length: 2 * N }, (_, i) => Math.sin((Math.PI * i) / N));

/** Im v_j = sum_k E_k sin(k pi (4j + 1)/N) for a folded half block E, by its definition. */
function slotsOfFold(folded: Float64Array): Float64Array {
  const slots = new Float64Array(HALF);
  const turn = sines.length - 1;
  for (let j = 0; j < HALF; j++) {
    let sum = 0;
    for (let k = 0, angle = 0; k < HALF; k++) {
      angle = (angle + 4 * j + 1) & turn;
      sum += folded[k]! * sines[angle]!;
    }
    slots[j] = sum;
  }
  return slots;
}

function fold(polynomial: Float64Array): Float64Array {
  return Float64Array.from({ length: HALF }, (_, i) =>
    i + 1 < HALF ? polynomial[i + 1]! + polynomial[N - 1 - i]! : polynomial[HALF]!,
  );
}

function joined(halves: readonly Float64Array[]): Float64Array {
  const both = new Float64Array(N);
  for (const [i, half] of halves.entries()) both.set(half, i * HALF);
  return both;
}

/** Two half blocks of residuals side by side, as they travel to be multiplied by columns. */
export const asFolds = (polynomial: Float64Array): Float64Array =>
  joined([polynomial.subarray(0, HALF), polynomial.subarray(HALF)].map(slotsOfFold));

/** The imaginary parts of the slots of two polynomials, a half block each. */
export const asSlots = (first: Float64Array, second: Float64Array): Float64Array =>
  joined([first, second].map((polynomial) => slotsOfFold(fold(polynomial))));

/** a + sign b on the torus of one turn, in (-1/2, 1/2]. */
export function onTorus(a: Float64Array, b: Float64Array, sign: 1 | -1): Float64Array {
  return a.map((value, i) => {
    const sum = value + sign * b[i]!;
    return sum - Math.round(sum);
  });
}
