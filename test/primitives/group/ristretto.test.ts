import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { ristretto255, ristretto255_hasher } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { concat, lengthPrefixed, toHex } from '../../../src/base/bytes.ts';
import { SottoError } from '../../../src/base/errors.ts';
import type { Random } from '../../../src/base/random.ts';
import {
  hashAndMultiply,
  hashToGroup,
  multiply,
  multiplyToFingerprints,
  pointsFromUniform,
  randomScalar,
  ready,
} from '../../../src/primitives/group/index.ts';
import { seededRandom } from '../../support/random.ts';

interface Vectors {
  readonly multiplesOfGenerator: readonly string[];
  readonly invalidEncodings: readonly string[];
  readonly fromUniformBytes: readonly { readonly input: string; readonly output: string }[];
}

const vectors = JSON.parse(
  readFileSync(new URL('../../vectors/rfc9496.json', import.meta.url), 'utf8'),
) as Vectors;
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const scalarOf = (value: number): Uint8Array => Uint8Array.of(value, ...new Uint8Array(31));
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const littleEndian = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes.toReversed())}`);

beforeAll(ready);

describe('RFC 9496', () => {
  test('multiples of the generator (A.1)', () => {
    const generator = hex(vectors.multiplesOfGenerator[1]!);
    for (const [factor, expected] of vectors.multiplesOfGenerator.entries()) {
      if (factor === 0) continue;
      expect(toHex(multiply({ scalar: scalarOf(factor), points: generator }))).toBe(expected);
    }
  });

  test.each([...vectors.invalidEncodings, vectors.multiplesOfGenerator[0]!])(
    'what is not canonical, or the identity, is refused (A.2): %s',
    (encoding) => {
      const good = hex(vectors.multiplesOfGenerator[2]!);
      const points = concat(good, hex(encoding), good);
      const scalar = randomScalar(seededRandom(encoding)).bytes;
      expect(() => multiply({ scalar, points })).toThrow(SottoError);
      try {
        multiply({ scalar, points });
      } catch (thrown) {
        expect((thrown as SottoError).toRecord()).toMatchObject({
          code: 'protocol-violation',
          facts: { position: 1, of: 3 },
        });
      }
    },
  );

  test('elements from uniform bytes (A.3)', () => {
    const inputs = concat(...vectors.fromUniformBytes.map(({ input }) => hex(input)));
    const outputs = vectors.fromUniformBytes.map(({ output }) => output).join('');
    expect(toHex(pointsFromUniform(inputs))).toBe(outputs);
  });
});

describe('against an independent implementation', () => {
  const { Point } = ristretto255;
  const uniform = fc.uint8Array({ minLength: 64, maxLength: 64 });

  test('elements from any uniform bytes', () => {
    fc.assert(
      fc.property(uniform, (bytes) => {
        const expected = ristretto255_hasher.deriveToCurve!(bytes).toBytes();
        expect(toHex(pointsFromUniform(bytes))).toBe(toHex(expected));
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  test('multiples of any element by any scalar', () => {
    fc.assert(
      fc.property(uniform, fc.nat(), (bytes, seed) => {
        const point = ristretto255_hasher.deriveToCurve!(bytes);
        const scalar = randomScalar(seededRandom(seed)).bytes;
        const expected = point.multiply(littleEndian(scalar)).toBytes();
        expect(toHex(multiply({ scalar, points: point.toBytes() }))).toBe(toHex(expected));
      }),
      { numRuns: 50, seed: 1 },
    );
  });

  test('any 32 bytes are accepted by both or by neither', () => {
    const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const even = bytes.map((each) =>
      Uint8Array.from(each, (byte, i) => (i === 0 ? byte & 254 : i === 31 ? byte & 127 : byte)),
    );
    const accepts = (decode: () => unknown): boolean => {
      try {
        decode();
        return true;
      } catch {
        return false;
      }
    };
    let accepted = 0;
    fc.assert(
      fc.property(even, (points) => {
        const ours = accepts(() => multiply({ scalar: scalarOf(1), points }));
        const theirs = accepts(() => Point.fromBytes(points));
        expect(ours).toBe(theirs);
        if (ours) accepted += 1;
      }),
      { numRuns: 400, seed: 1 },
    );
    expect(accepted).toBeGreaterThan(50); // the test would show nothing if all were refused
  });
});

test('what is blinded by two keys does not depend on their order', () => {
  const [a, b] = [randomScalar(seededRandom('a')).bytes, randomScalar(seededRandom('b')).bytes];
  const input = { domain: 'test', session: new Uint8Array(4), ids: ['x', 'y', 'ÿ', ''] };
  const ab = multiply({ scalar: b, points: hashAndMultiply({ ...input, scalar: a }) });
  const ba = multiply({ scalar: a, points: hashAndMultiply({ ...input, scalar: b }) });
  expect(toHex(ab)).toBe(toHex(ba));
});

test('an id hashes differently in every domain and session, and never like its neighbour', () => {
  const session = new Uint8Array(4);
  const points = [
    hashToGroup({ domain: 'd', session, ids: ['ab'] }),
    hashToGroup({ domain: 'e', session, ids: ['ab'] }),
    hashToGroup({ domain: 'd', session: new Uint8Array(5), ids: ['ab'] }),
    hashToGroup({ domain: 'd', session, ids: ['a'] }),
    hashToGroup({ domain: 'd', session, ids: ['b'] }),
  ].map(toHex);
  expect(new Set(points).size).toBe(points.length);
  expect(lengthPrefixed('a', 'b')).not.toEqual(lengthPrefixed('ab'));
});

test('fingerprints are short, repeatable and not a part of the point', () => {
  const points = hashToGroup({ domain: 'd', session: new Uint8Array(0), ids: ['1', '2'] });
  const scalar = randomScalar(seededRandom(3)).bytes;
  const input = { domain: 'f', scalar, points };
  const fingerprints = multiplyToFingerprints({ ...input, width: 9 });
  expect(fingerprints.length).toBe(18);
  expect(multiplyToFingerprints({ ...input, width: 9 })).toEqual(fingerprints);
  expect(toHex(multiply(input))).not.toContain(toHex(fingerprints.subarray(0, 9)));
});

test('an empty batch is an empty batch, and half an element is refused', () => {
  const scalar = scalarOf(2);
  expect(multiply({ scalar, points: new Uint8Array(0) }).length).toBe(0);
  expect(hashAndMultiply({ domain: 'd', session: new Uint8Array(0), scalar, ids: [] }).length).toBe(
    0,
  );
  expect(() => multiply({ scalar, points: new Uint8Array(33) })).toThrow('whole number');
});

test('scalars are uniform below the order and never zero', () => {
  const random = seededRandom('scalars');
  const scalars = Array.from({ length: 500 }, () => littleEndian(randomScalar(random).bytes));
  expect(scalars.every((scalar) => scalar > 0n && scalar < ORDER)).toBe(true);
  expect(scalars.filter((scalar) => scalar > ORDER / 2n).length).toBeGreaterThan(200);
  expect(new Set(scalars).size).toBe(500);
  const draws = [ORDER, ORDER + 1n, 0n, ORDER - 1n].map((value) =>
    Uint8Array.from(hex(value.toString(16).padStart(64, '0'))).reverse(),
  );
  const scripted: Random = { bytes: () => draws.shift()! };
  expect(littleEndian(randomScalar(scripted).bytes)).toBe(ORDER - 1n);
});

test('a scalar is wiped, and is never printed', () => {
  const scalar = randomScalar(seededRandom(9));
  expect(`${scalar} ${JSON.stringify({ scalar })} ${inspect({ scalar })}`).toBe(
    'Scalar(32 bytes) {"scalar":"Scalar(32 bytes)"} { scalar: Scalar(32 bytes) }',
  );
  scalar[Symbol.dispose]();
  expect(scalar.bytes.every((byte) => byte === 0)).toBe(true);
});
