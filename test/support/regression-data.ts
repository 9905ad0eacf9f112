/** Made-up rows of two parties with a known logistic relation; whitened enough for the protocol. */
import type { FeatureMatrix } from '../../src/math/columns.ts';
import { logistic } from '../../src/math/linear-model.ts';
import { wordsFrom } from './ring.ts';

export interface TwoParties {
  readonly active: FeatureMatrix;
  readonly passive: FeatureMatrix;
  readonly labels: Uint8Array;
}

/** Independent standard normal features; weights of alternating sign whose norm is about `strength`. */
export function twoParties(sizes: {
  rows: number;
  dActive: number;
  dPassive: number;
  strength?: number;
  intercept?: number;
  seed?: number;
}): TwoParties {
  const { rows, dActive, dPassive, strength = 1.5, intercept = -0.7 } = sizes;
  const word = wordsFrom(sizes.seed ?? 1);
  const uniform = (): number => (word() + 0.5) / 2 ** 32;
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const columns = dActive + dPassive;
  const values = Float64Array.from({ length: rows * columns }, () =>
    Math.max(-6, Math.min(6, normal())),
  );
  const labels = new Uint8Array(rows);
  for (let row = 0; row < rows; row++) {
    let z = intercept;
    for (let j = 0; j < columns; j++)
      z += ((j % 2 === 0 ? strength : -strength) / Math.sqrt(columns)) * values[j * rows + row]!;
    labels[row] = uniform() < logistic(z) ? 1 : 0;
  }
  const cut = rows * dActive;
  return {
    active: { rows, columns: dActive, values: values.slice(0, cut) },
    passive: { rows, columns: dPassive, values: values.slice(cut) },
    labels,
  };
}
