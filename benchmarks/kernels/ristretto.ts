/** ristretto255 on one core: the kernel against libsodium's WASM and noble's integers, on the same points. */
import { ristretto255, ristretto255_hasher } from '@noble/curves/ed25519.js';
import { type Engine, engine, useEngine } from '../../src/primitives/group/index.ts';
import { seededRandom } from '../../test/support/random.ts';
import { littleEndian } from '../../test/support/ristretto.ts';
import { type BenchOptions, costRow, type Row, race, type Subject } from '../harness.ts';

/** Points in a call of ours, which shares one inversion, and of the slower ones: calls of about 1 to 5 ms each. */
const POINTS = 128;
const SODIUM_POINTS = 16;
const NOBLE_POINTS = 1;
const GOAL = { ratioAtLeast: 3 };

export const ristretto: Subject = async function* ({ quick }) {
  await useEngine('libsodium');
  const sodium = engine();
  await useEngine('kernel');
  const kernel = engine();
  yield* compare(kernel, sodium, quick);
};

async function* compare(
  kernel: Engine,
  sodium: Engine,
  quick: BenchOptions['quick'],
): AsyncGenerator<Row, void, void> {
  const random = seededRandom('ristretto255');
  const uniform = random.bytes(64 * POINTS);
  const points = kernel.derive(uniform);
  const scalar = random.bytes(32);
  scalar[31]! &= 0x0f; // below the order
  const scalars = random.bytes(32 * POINTS);
  for (let at = 31; at < scalars.length; at += 32) scalars[at]! &= 0x0f;
  const fewScalars = scalars.subarray(0, 32 * SODIUM_POINTS);
  const few = points.subarray(0, 32 * SODIUM_POINTS);
  const fewUniform = uniform.subarray(0, 64 * SODIUM_POINTS);
  const one = ristretto255.Point.fromBytes(points.subarray(0, 32));
  const factor = littleEndian(scalar);
  const rows = [
    {
      name: 'multiplication, encoding to encoding',
      ours: () => kernel.multiply(scalar, points),
      sodium: () => sodium.multiply(scalar, few),
      noble: () => one.multiply(factor).toBytes(),
      goal: GOAL,
    },
    {
      name: 'uniform bytes to element',
      ours: () => kernel.derive(uniform),
      sodium: () => sodium.derive(fewUniform),
      noble: () => ristretto255_hasher.deriveToCurve!(uniform.subarray(0, 64)).toBytes(),
    },
    {
      name: 'uniform bytes to multiple of element',
      ours: () => kernel.deriveAndMultiply(scalar, uniform),
      sodium: () => sodium.deriveAndMultiply(scalar, fewUniform),
      noble: () =>
        ristretto255_hasher.deriveToCurve!(uniform.subarray(0, 64)).multiply(factor).toBytes(),
    },
    {
      name: 'multiple of the generator',
      ours: () => kernel.multiplyGenerator(scalars),
      sodium: () => sodium.multiplyGenerator(fewScalars),
      noble: () => ristretto255.Point.BASE.multiply(factor).toBytes(),
    },
    {
      name: 'multiple in a sum of public ones',
      ours: () => kernel.sumsOfMultiples(scalars, points),
      sodium: () => sodium.sumsOfMultiples(fewScalars, few),
      noble: () => one.multiplyUnsafe(factor).add(one),
    },
  ];
  const rounds = quick ? 9 : 41;
  for (const { name, ours, sodium: theirs, noble, goal } of rows) {
    await race([ours, theirs], { rounds: 8, calls: 1 }); // until V8 has compiled both for speed
    const [fast, middle, slow] = await race([ours, theirs, noble], {
      rounds,
      calls: 'even',
      clock: 'thread',
    });
    const value = (1000 * fast) / POINTS;
    const baseline = { name: "libsodium's WASM", value: (1000 * middle) / SODIUM_POINTS };
    const row = costRow(`ristretto255: ${name}`, 'us', value, baseline, rounds);
    yield goal === undefined ? row : { ...row, goal };
    const integers = { name: '@noble/curves', value: (1000 * slow) / NOBLE_POINTS };
    yield costRow(`ristretto255: ${name}, against noble`, 'us', value, integers, rounds);
  }
}
