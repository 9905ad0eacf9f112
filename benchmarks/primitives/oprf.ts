/** The oblivious function in VOPRF mode on one thread, against @noble/curves: single items and batches. */
import { ristretto255, ristretto255_hasher, ristretto255_oprf } from '@noble/curves/ed25519.js';
import {
  COIN_BYTES,
  oprfBlind,
  oprfDeriveKey,
  oprfEvaluate,
  oprfEvaluateDirect,
  oprfEvaluateWithProof,
  oprfFinalize,
  ready,
} from '../../src/primitives/oprf/index.ts';
import { seededRandom } from '../../test/support/random.ts';
import { type BenchOptions, type Row, race } from '../harness.ts';

const { voprf } = ristretto255_oprf;

export async function* oprf({ quick }: BenchOptions): AsyncGenerator<Row, void, void> {
  await ready();
  for (const batch of [1, quick ? 16 : 256]) yield* batchOf(batch, quick ? 3 : 7);
}

/** Every role's work on one batch: items a second. */
async function* batchOf(batch: number, rounds: number): AsyncGenerator<Row, void, void> {
  const { client, works, baselines } = rolesOf(batch);
  client();
  for (const [what, ours] of Object.entries(works)) {
    const noble = baselines[what];
    const calls = Math.max(1, Math.round(16 / batch));
    const [own, other] = await race([ours, noble ?? (() => {})], { rounds, calls });
    const value = (1000 * batch) / own;
    const name = `oprf: ${what}, batch of ${batch}`;
    const row: Row = { name, unit: 'items/s', value, samples: rounds };
    if (noble === undefined) yield row;
    else {
      const theirs = (1000 * batch) / other;
      yield { ...row, baseline: { name: '@noble/curves', value: theirs }, ratio: value / theirs };
    }
  }
}

function rolesOf(batch: number) {
  const random = seededRandom(`bench ${batch}`);
  const info = new Uint8Array(4);
  const keys = oprfDeriveKey({ seed: random.bytes(32), info });
  const secret = ristretto255.Point.Fn.fromBytes(keys.secretKey);
  const inputs = Array.from({ length: batch }, () => random.bytes(32));
  const coins = random.bytes(COIN_BYTES * batch);
  const nonce = random.bytes(COIN_BYTES);
  const { blinds, blinded } = oprfBlind({ inputs, coins });
  const said = oprfEvaluateWithProof({ ...keys, blinded, coins: nonce });
  const points = inputs.map((_, i) => blinded.subarray(32 * i, 32 * i + 32));
  const items = inputs.map((input, i) => ({
    input,
    blind: blinds.subarray(32 * i, 32 * i + 32),
    blinded: points[i]!,
    evaluated: said.evaluated.subarray(32 * i, 32 * i + 32),
  }));
  const finalize = () => oprfFinalize({ ...keys, inputs, blinds, blinded, ...said });
  const works: Record<string, () => unknown> = {
    'evaluation with proof (server)': () =>
      oprfEvaluateWithProof({ ...keys, blinded, coins: nonce }),
    'evaluation without proof': () => oprfEvaluate({ ...keys, blinded }),
    'evaluation by the key owner (sealing)': () => oprfEvaluateDirect({ ...keys, inputs }),
    'blinding (client)': () => oprfBlind({ inputs, coins }),
    'checking and finalizing (client)': finalize,
  };
  const baselines: Record<string, () => unknown> = {
    'evaluation with proof (server)': () =>
      voprf.blindEvaluateBatch(keys.secretKey, keys.publicKey, points),
    'evaluation by the key owner (sealing)': () =>
      inputs.map((input) => ristretto255_hasher.hashToCurve(input).multiply(secret)),
    'blinding (client)': () => inputs.map((input) => voprf.blind(input)),
    'checking and finalizing (client)': () =>
      voprf.finalizeBatch(items, keys.publicKey, said.proof),
  };
  return { client: finalize, works, baselines };
}
