/**
 * The oblivious function in VOPRF mode on one thread: single items, batches, and single requests that share a task.
 * Against @noble/curves; where there is no proof, against our own code on libsodium's WASM.
 */
import { ristretto255, ristretto255_hasher, ristretto255_oprf } from '@noble/curves/ed25519.js';
import { useEngine } from '../../src/primitives/group/index.ts';
import {
  COIN_BYTES,
  oprfBlind,
  oprfDeriveKey,
  oprfEvaluate,
  oprfEvaluateDirect,
  oprfEvaluateEach,
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
  yield* together(quick ? 4 : 32, quick ? 3 : 7);
}

/** Evaluations a second on a core, alone and in batches. */
const goalOf = (batch: number) => ({ atLeast: batch === 1 ? 1_000 : 3_000 });
const PROVED = 'evaluation with proof (server)';
const LIBSODIUM = "the same on libsodium's WASM";

/** Every role's work on one batch: items a second. */
async function* batchOf(batch: number, rounds: number): AsyncGenerator<Row, void, void> {
  const { client, works, baselines } = rolesOf(batch);
  client();
  for (const [what, ours] of Object.entries(works)) {
    const noble = baselines[what];
    const calls = Math.max(1, Math.round(16 / batch));
    const other = noble ?? onLibsodium(ours);
    const [own, theirs] = await race([ours, other], { rounds, calls });
    const value = (1000 * batch) / own;
    const baseline = {
      name: noble === undefined ? LIBSODIUM : '@noble/curves',
      value: (1000 * batch) / theirs,
    };
    yield {
      name: `oprf: ${what}, batch of ${batch}`,
      unit: 'items/s',
      value,
      samples: rounds,
      baseline,
      ratio: value / baseline.value,
      ...(what === PROVED ? { goal: goalOf(batch) } : {}),
    };
  }
}

const onLibsodium = (work: () => unknown) => async (): Promise<void> => {
  await useEngine('libsodium');
  work();
  await useEngine('kernel');
};

/** Requests of one item each under one key: in one call, and a call each. */
async function* together(count: number, rounds: number): AsyncGenerator<Row, void, void> {
  const random = seededRandom('together');
  const keys = oprfDeriveKey({ seed: random.bytes(32), info: new Uint8Array(4) });
  const requests = Array.from({ length: count }, () => {
    const { blinded } = oprfBlind({ inputs: [random.bytes(32)], coins: random.bytes(COIN_BYTES) });
    return { blinded, coins: random.bytes(COIN_BYTES) };
  });
  const [own, alone] = await race(
    [
      () => oprfEvaluateEach({ ...keys, requests }),
      () => requests.map((request) => oprfEvaluateWithProof({ ...keys, ...request })),
    ],
    { rounds, calls: 2 },
  );
  const value = (1000 * count) / own;
  const baseline = { name: 'a call for each', value: (1000 * count) / alone };
  yield {
    name: `oprf: ${PROVED}, ${count} requests of one item together`,
    unit: 'items/s',
    value,
    samples: rounds,
    baseline,
    ratio: value / baseline.value,
  };
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
    [PROVED]: () => oprfEvaluateWithProof({ ...keys, blinded, coins: nonce }),
    'evaluation without proof': () => oprfEvaluate({ ...keys, blinded }),
    'evaluation by the key owner (sealing)': () => oprfEvaluateDirect({ ...keys, inputs }),
    'blinding (client)': () => oprfBlind({ inputs, coins }),
    'checking and finalizing (client)': finalize,
  };
  const baselines: Record<string, () => unknown> = {
    [PROVED]: () => voprf.blindEvaluateBatch(keys.secretKey, keys.publicKey, points),
    'evaluation by the key owner (sealing)': () =>
      inputs.map((input) => ristretto255_hasher.hashToCurve(input).multiply(secret)),
    'blinding (client)': () => inputs.map((input) => voprf.blind(input)),
    'checking and finalizing (client)': () =>
      voprf.finalizeBatch(items, keys.publicKey, said.proof),
  };
  return { client: finalize, works, baselines };
}
