import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as tf from '@tensorflow/tfjs';
import { expect, onTestFinished, test } from 'vitest';
import { logistic } from '../../src/math/linear-model.ts';
import type { ModelHalf } from '../../src/model/half.ts';
import { layersModelFiles, type NetworkInput } from '../../src/model/layers-model.ts';
import { applyPreprocessing } from '../../src/model/preprocess.ts';
import { rawFeatures } from '../support/raw-features.ts';
import { partialLogits, sampleColumns, sampleHalf } from '../support/sample-half.ts';

/** Serves the files on loopback until the test ends; resolves to the address of `model.json`. */
async function serve(files: Readonly<Record<string, Uint8Array>>): Promise<string> {
  const server = createServer((request, response) => {
    const file = files[request.url!.slice(1)];
    response.writeHead(file === undefined ? 404 : 200);
    response.end(file);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/model.json`;
}

async function predictOverHttp(half: ModelHalf): Promise<Float32Array> {
  const model = await tf.loadLayersModel(await serve({ ...(await layersModelFiles(half)) }));
  const { rows, columns, values } = rawFeatures(half.preprocessing, sampleColumns());
  const byColumn = tf.tensor2d(Float32Array.from(values), [columns, rows]);
  const output = model.predict(byColumn.transpose()) as tf.Tensor;
  return (await output.data()) as Float32Array;
}

test('tf.loadLayersModel opens the half over HTTP, and it predicts as we do to 1e-6', async () => {
  const half = sampleHalf();
  const theirs = await predictOverHttp(half);
  const ours = partialLogits(half, sampleColumns());
  expect(theirs).toHaveLength(ours.length);
  const worst = ours.reduce(
    (most, logit, row) => Math.max(most, Math.abs(logistic(logit) - logistic(theirs[row]!))),
    0,
  );
  expect(worst).toBeLessThan(1e-6);
});

test('it clips where we clip', async () => {
  const { preprocessing, ...rest } = sampleHalf();
  const half = { ...rest, preprocessing: { ...preprocessing, clip: 0.5 } };
  const { clipped } = applyPreprocessing(half.preprocessing, sampleColumns());
  expect(clipped).toBeGreaterThan(100);
  const theirs = await predictOverHttp(half);
  for (const [row, logit] of partialLogits(half, sampleColumns()).entries()) {
    expect(Math.abs(logistic(theirs[row]!) - logistic(logit))).toBeLessThan(1e-6);
  }
});

test('the file says in which order its inputs come, and what a number is limited to', async () => {
  const half = sampleHalf();
  const files = await layersModelFiles(half);
  const json = JSON.parse(new TextDecoder().decode(files['model.json'])) as {
    userDefinedMetadata: { inputs: NetworkInput[] };
  };
  const { inputs } = json.userDefinedMetadata;
  expect(inputs.map(({ name }) => name)).toEqual([
    'Income',
    'Income: missing',
    'Assets',
    'Assets: missing',
    'Year',
    'Home = owner',
    'Home = parents',
    'Home = private',
    'Home = rent',
  ]);
  const plan = half.preprocessing.columns[0]!;
  if (plan.kind !== 'numeric') throw new Error('Income is a number');
  expect(inputs[0]).toEqual({
    name: 'Income',
    low: plan.low,
    high: plan.high,
    whenMissing: plan.mean,
  });
});
