/** Goal: no party notices which engine the other one runs on. Method: the same batches through both. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { concat, toHex } from '../../../src/base/bytes.ts';
import { SottoError } from '../../../src/base/errors.ts';
import { isAvailable } from '../../../src/kernels/ristretto-module.ts';
import {
  type Engine,
  engine,
  hashAndMultiply,
  hashToGroup,
  multiply,
  randomScalar,
  ready,
  useEngine,
} from '../../../src/primitives/group/index.ts';
import { seededRandom } from '../../support/random.ts';
import { bytesOf, fromHex, ORDER, vectors } from '../../support/ristretto.ts';

const engines: readonly Engine['name'][] = ['kernel', 'libsodium'];
const ids = Array.from({ length: 301 }, (_, i) => `id ${i}`);
const input = { domain: 'engines', session: new Uint8Array(16), ids };

beforeAll(ready);
afterAll(() => useEngine('kernel'));

/** What each engine makes of it. */
async function both<T>(calculate: () => T): Promise<T[]> {
  const results: T[] = [];
  for (const name of engines) {
    await useEngine(name);
    expect(engine().name).toBe(name);
    results.push(calculate());
  }
  return results;
}

test('the kernel is chosen where it can run', () => {
  expect(engine().name).toBe(isAvailable() ? 'kernel' : 'libsodium');
});

test('both engines give the same bytes', async () => {
  const scalar = randomScalar(seededRandom('engines')).bytes;
  const other = randomScalar(seededRandom('other')).bytes;
  const [ours, theirs] = await both(() => {
    const points = hashToGroup(input);
    const blinded = hashAndMultiply({ ...input, scalar });
    return [points, blinded, multiply({ scalar: other, points: blinded })].map(toHex);
  });
  expect(ours).toEqual(theirs);
});

test('both engines give the same multiples by many scalars, sums and differences', async () => {
  const random = seededRandom('columns');
  const [left, right] = ['left', 'right'].map((domain) => hashToGroup({ ...input, domain }));
  const scalars = concat(...ids.map(() => randomScalar(random).bytes));
  const [ours, theirs] = await both(() =>
    [
      engine().multiply(scalars, left!),
      engine().combine(left!, '+', right!),
      engine().combine(left!, '-', left!),
      engine().sumsOfMultiples(scalars, left!),
      engine().sumsOfMultiples(scalars, left!, right!),
      { products: engine().invert(scalars), refused: undefined },
      { products: engine().multiplyGenerator(scalars), refused: undefined },
    ].map(({ products, refused }) => [toHex(products), refused]),
  );
  expect(ours).toEqual(theirs);
});

test('both engines refuse the same points at the same place', async () => {
  const scalar = randomScalar(seededRandom('refusals')).bytes;
  const good = fromHex(vectors.multiplesOfGenerator[3]!);
  const bad = [...vectors.invalidEncodings, vectors.multiplesOfGenerator[0]!].map(fromHex);
  for (const encoding of bad) {
    const refusals = await both(() => {
      try {
        multiply({ scalar, points: concat(good, good, good, encoding, good, encoding) });
        return 'accepted';
      } catch (thrown) {
        return (thrown as SottoError).toRecord();
      }
    });
    expect(refusals[0]).toMatchObject({
      code: 'protocol-violation',
      facts: { position: 3, of: 6 },
    });
    expect(refusals[0]).toEqual(refusals[1]);
  }
});

test('both engines refuse a scalar that is zero or not below the order', async () => {
  const points = fromHex(vectors.multiplesOfGenerator[3]!);
  for (const value of [0n, ORDER, 2n ** 256n - 1n]) {
    const scalar = bytesOf(value);
    await both(() => {
      expect(() => multiply({ scalar, points })).toThrow(SottoError);
      expect(() => hashAndMultiply({ ...input, scalar })).toThrow('between 0 and the order');
    });
  }
});
