/** The raw features of any rows, before standardisation: what `toRawWeights` weighs and a LayersModel takes. */
import type { Column, FeatureMatrix } from '../../src/math/columns.ts';
import { applyPreprocessing, type Preprocessing } from '../../src/model/preprocess.ts';

/** The same preprocessing with every step after expansion the identity. */
export function rawFeatures(prep: Preprocessing, columns: readonly Column[]): FeatureMatrix {
  const rank = prep.features.length;
  const identity = Array.from({ length: rank ** 2 }, (_, at) => (at % (rank + 1) === 0 ? 1 : 0));
  const raw: Preprocessing = {
    ...prep,
    features: prep.features.map((feature) => ({ ...feature, mean: 0, deviation: 1 })),
    whitening: { ...prep.whitening, rank, matrix: identity },
    clip: Infinity,
  };
  return applyPreprocessing(raw, columns);
}
