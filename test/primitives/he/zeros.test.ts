/** Goal: SEAL's zeros are what the protocol's security and error budgets count on. Method: phases, over enough coefficients. */
import { beforeAll, expect, test } from 'vitest';
import { N } from '../../../src/kernels/field.ts';
import { heTasks, ready, ringOf, samplers } from '../../../src/primitives/he/index.ts';
import { centred, deviation, phase } from '../../support/ring.ts';

beforeAll(ready);

const he = { ...heTasks, ...samplers.seal };

const rings = [[28], [29, 29], [25, 24]].map(ringOf);
const COUNT = 8;

test.each(rings)('the noise of a public zero has sd 15.1 +- 5 % with primes $primes', (ring) => {
  // e2 is the rounding of SEAL's division by the special prime: sd sqrt((1 + 2N/3) / 12), times s.
  const { secret, publicKey } = he.generateKey({ ring });
  const { c0, c1 } = he.publicZeros({ ring, publicKey, count: COUNT });
  for (const [limb, p] of ring.primes.entries()) {
    const phases = Array.from({ length: COUNT }, (_, index) =>
      deviation(phase(ring, secret, { c0, c1, index, limb }), p),
    );
    const sd = Math.hypot(...phases) / Math.sqrt(COUNT);
    expect(sd).toBeGreaterThan(15.1 * 0.95);
    expect(sd).toBeLessThan(15.1 * 1.05);
  }
});

test.each(rings)('the noise of a symmetric zero has sd 3.2 with primes $primes', (ring) => {
  const { secret } = he.generateKey({ ring });
  const { c0, seeds } = he.encryptZeros({ ring, secret, count: COUNT });
  const { c1 } = he.expandSeeds({ ring, seeds, count: COUNT });
  for (const [limb, p] of ring.primes.entries()) {
    const phases = Array.from({ length: COUNT }, (_, index) =>
      deviation(phase(ring, secret, { c0, c1, index, limb }), p),
    );
    const sd = Math.hypot(...phases) / Math.sqrt(COUNT);
    expect(sd).toBeGreaterThan(3.2 * 0.95);
    expect(sd).toBeLessThan(3.2 * 1.05);
  }
});

test('an error is the same integer in every limb', () => {
  const ring = ringOf([28, 27]);
  const { secret, publicKey } = he.generateKey({ ring });
  const { c0, seeds } = he.encryptZeros({ ring, secret, count: 1 });
  const symmetric = { c0, c1: he.expandSeeds({ ring, seeds, count: 1 }).c1, index: 0 };
  const encrypted = { ...he.publicZeros({ ring, publicKey, count: 1 }), index: 0 };
  for (const zero of [symmetric, encrypted]) {
    const [first, second] = ring.primes.map((p, limb) =>
      Array.from(phase(ring, secret, { ...zero, limb }), (residue) => centred(residue, p)),
    );
    expect(second).toEqual(first);
  }
});

test('a secret is ternary and balanced, and two keys differ', () => {
  const ring = ringOf([28]);
  const [a, b] = [he.generateKey({ ring }), he.generateKey({ ring })];
  for (const { secret } of [a, b]) {
    for (const value of [-1, 0, 1]) {
      const share = secret.filter((x) => x === value).length / N;
      expect(Math.abs(share - 1 / 3)).toBeLessThan(6 * Math.sqrt(2 / 9 / N));
    }
  }
  expect(a.secret).not.toEqual(b.secret);
  expect(a.publicKey.slice(0, 64)).not.toEqual(b.publicKey.slice(0, 64));
});

test('every zero has its own seed, and no two public zeros share a coefficient pattern', () => {
  const ring = ringOf([28]);
  const { secret, publicKey } = he.generateKey({ ring });
  const { seeds } = he.encryptZeros({ ring, secret, count: 40 });
  const more = he.encryptZeros({ ring, secret, count: 40 }).seeds;
  const all = [seeds, more].flatMap((list) =>
    Array.from({ length: 40 }, (_, i) =>
      Buffer.from(list.slice(64 * i, 64 * i + 64)).toString('hex'),
    ),
  );
  expect(new Set(all).size).toBe(80);
  const { c1 } = he.publicZeros({ ring, publicKey, count: 2 });
  const equal = c1.slice(0, N).filter((x, i) => x === c1[N + i]).length;
  expect(equal).toBeLessThan(N / 100);
});

test("a public key is RLWE under its own secret: b + a s is SEAL's error, in the special limb too", () => {
  const ring = ringOf([28]);
  const { secret, publicKey } = he.generateKey({ ring });
  const [first, other] = [0, 1].map(() => he.publicZeros({ ring, publicKey, count: 1 }));
  for (const zero of [first!, other!]) {
    expect(
      deviation(phase(ring, secret, { ...zero, index: 0, limb: 0 }), ring.primes[0]!),
    ).toBeLessThan(20);
  }
  const stranger = he.generateKey({ ring }).secret;
  const wrong = deviation(phase(ring, stranger, { ...first!, index: 0, limb: 0 }), ring.primes[0]!);
  expect(wrong).toBeGreaterThan(ring.primes[0]! / 5); // uniform to anyone else
});
