/**
 * This party's half as a TensorFlow.js LayersModel, for programs that know nothing of Sotto:
 * `model.json` and `weights.bin`, as `tf.loadLayersModel` reads them over HTTP.
 *
 * Input: one row of raw features, in the order of the file's `userDefinedMetadata.inputs`: a number
 * is brought between `low` and `high`, and is `whenMissing` where there is none; categories and
 * indicators are 0 or 1. Output: this half's part of the logit, the active party's with the
 * intercept; the sum of both parties' outputs is the logit.
 *
 * ```
 *   raw (d) -- centre (d) -- whiten, with both signs (2r) --> ReLU up to c -- weights --> logit (1)
 * ```
 *
 * Two forms keep float32 from costing digits. The first layer only subtracts each mean, where a
 * year of 2026 would otherwise lose three digits to its own size. And the clip of a whitened
 * feature x to [-c, c] is min(ReLU(x), c) - min(ReLU(-x), c), which shifts nothing.
 */
import type { ModelHalf } from './half.ts';
import { affineLayer, type FeatureName, type Preprocessing } from './preprocess.ts';

export interface LayersModelFiles {
  readonly 'model.json': Uint8Array;
  readonly 'weights.bin': Uint8Array;
}

/** What one input of the network stands for. */
export interface NetworkInput {
  /** "Income", "Home = owner", "Home: other", "Debt: missing". */
  readonly name: string;
  /** Of numbers only. */
  readonly low?: number;
  readonly high?: number;
  readonly whenMissing?: number;
}

function inputOf(
  { column, category, indicator }: FeatureName,
  plans: Preprocessing['columns'],
): NetworkInput {
  if (category !== undefined) return { name: `${column} = ${category}` };
  if (indicator !== undefined) return { name: `${column}: ${indicator}` };
  const plan = plans.find(({ name }) => name === column);
  if (plan?.kind !== 'numeric') return { name: column };
  return { name: column, low: plan.low, high: plan.high, whenMissing: plan.mean };
}

/** Takes about a second when TensorFlow.js is not loaded yet; uses its plain JavaScript backend. */
export async function layersModelFiles(half: ModelHalf): Promise<LayersModelFiles> {
  const tf = await loadTensorFlow();
  const network = await buildNetwork(tf, half);
  let files: LayersModelFiles | undefined;
  try {
    await network.save(
      tf.io.withSaveHandler(async (artifacts) => {
        files = filesOf(artifacts, half);
        return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) };
      }),
    );
  } finally {
    network.dispose();
  }
  return files!;
}

type TensorFlow = typeof import('@tensorflow/tfjs');

/**
 * The package recommends its native twin at its first sum, on standard error: the twin cannot be
 * installed here.
 */
async function loadTensorFlow(): Promise<TensorFlow> {
  const tf = await import('@tensorflow/tfjs');
  tf.env().set('IS_TEST', true);
  await tf.setBackend('cpu');
  return tf;
}

async function buildNetwork(tf: TensorFlow, { preprocessing, weights, intercept }: ModelHalf) {
  const { clip, features, whitening } = preprocessing;
  const [d, r] = [features.length, whitening.rank];
  const { centre, whiten, bias } = centredLayers(preprocessing);
  const negative = (values: Float32Array) => values.map((value) => -value);
  const network = tf.sequential({
    layers: [
      tf.layers.dense({ inputShape: [d], units: d, name: 'centre' }),
      tf.layers.dense({ units: 2 * r, name: 'whiten' }),
      tf.layers.reLU({ maxValue: clip, name: 'clip' }),
      tf.layers.dense({ units: 1, name: 'logit' }),
    ],
  });
  tf.tidy(() => {
    const map = tf.tensor2d(whiten, [d, r]);
    const linear = tf.tensor2d(Float32Array.from(weights.whitened), [r, 1]);
    network.setWeights([
      tf.eye(d),
      tf.tensor1d(negative(centre)),
      tf.concat([map, tf.neg(map)], 1),
      tf.concat([tf.tensor1d(bias), tf.tensor1d(negative(bias))]),
      tf.concat([linear, tf.neg(linear)]),
      tf.tensor1d(Float32Array.of(intercept)),
    ]);
  });
  return network;
}

/**
 * The affine layer in two: (raw - centre) whiten + bias. The centre is the float32 next to each
 * mean, the bias what its rounding leaves.
 */
function centredLayers(preprocessing: Preprocessing): {
  readonly centre: Float32Array;
  readonly whiten: Float32Array;
  readonly bias: Float32Array;
} {
  const { matrix, bias } = affineLayer(preprocessing);
  const { rank } = preprocessing.whitening;
  const centre = Float32Array.from(preprocessing.features, ({ mean }) => mean);
  for (const [j, offset] of centre.entries()) {
    for (let k = 0; k < rank; k++) bias[k] = bias[k]! + offset * matrix[j * rank + k]!;
  }
  return { centre, whiten: Float32Array.from(matrix), bias: Float32Array.from(bias) };
}

type Artifacts = import('@tensorflow/tfjs').io.ModelArtifacts;

/**
 * The layout that the HTTP loader expects: the topology with a manifest that names the weights'
 * file.
 */
function filesOf(artifacts: Artifacts, half: ModelHalf): LayersModelFiles {
  const { weightData, weightSpecs, ...rest } = artifacts;
  const parts = Array.isArray(weightData) ? weightData : [weightData!];
  const json = {
    ...rest,
    userDefinedMetadata: {
      model: half.id,
      role: half.role,
      inputs: half.preprocessing.features.map((feature) =>
        inputOf(feature, half.preprocessing.columns),
      ),
      output: 'partial logit',
      expiresAt: half.expiresAt,
    },
    weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }],
  };
  return {
    'model.json': new TextEncoder().encode(`${JSON.stringify(json)}\n`),
    'weights.bin': new Uint8Array(Buffer.concat(parts.map((part) => Buffer.from(part)))),
  };
}
