/** What travels of a ciphertext's first component: zero plus message, rounded once, bit for bit. */
import { expect, test } from 'vitest';
import { heTasks, N, ringOf } from '../../../src/primitives/he/index.ts';
import { inverseResidues } from '../../support/residues.ts';
import { randomResidues, wordsFrom } from '../../support/ring.ts';

const word = wordsFrom(5);
const small = Int32Array.from({ length: 2 * N }, () => (word() % 20_001) - 10_000);

/** Residues (coefficients, limb by limb) as integers below q. */
function integersOf(residues: Uint32Array, primes: readonly number[]): bigint[] {
  const q = primes.reduce((product, p) => product * BigInt(p), 1n);
  const parts = primes.map((p) => {
    const rest = q / BigInt(p);
    return rest * inverse(rest, BigInt(p));
  });
  const count = residues.length / N / primes.length;
  return Array.from({ length: count * N }, (_, i) => {
    const at = Math.floor(i / N) * primes.length * N + (i % N);
    return primes.reduce((sum, _p, l) => sum + parts[l]! * BigInt(residues[at + l * N]!), 0n) % q;
  });
}

function inverse(a: bigint, p: bigint): bigint {
  let [result, square] = [1n, a % p];
  for (let e = p - 2n; e > 0n; e >>= 1n) {
    if (e & 1n) result = (result * square) % p;
    square = (square * square) % p;
  }
  return result;
}

test.each([
  { bits: [28], dropBits: 0 },
  { bits: [28], dropBits: 3 },
  { bits: [28, 27], dropBits: 4 },
  { bits: [28, 28], dropBits: 13 },
])('sums come back rounded to the nearest multiple: $bits, $dropBits', ({ bits, dropBits }) => {
  const ring = ringOf(bits);
  const { primes } = ring;
  const q = primes.reduce((product, p) => product * BigInt(p), 1n);
  const zeros = randomResidues(primes, 2, 7);
  const ofZeros = integersOf(inverseResidues({ ring, residues: zeros }), primes);
  const packed = heTasks.sealMessages({ ring, zeros, messages: small, dropBits });
  const bitsOfQ = q.toString(2).length;
  expect(packed.length).toBe((2 * N * (bitsOfQ - dropBits)) / 8);
  const { c0 } = heTasks.openSealed({ ring, packed, count: 2, dropBits });
  const opened = integersOf(inverseResidues({ ring, residues: c0 }), primes);
  const unit = 1n << BigInt(dropBits);
  for (const [i, got] of opened.entries()) {
    const sum = (((ofZeros[i]! + BigInt(small[i]!)) % q) + q) % q;
    expect(got).toBe((((sum + unit / 2n) / unit) * unit) % q);
  }
});

test('small integers and their residues are the same message', () => {
  const ring = ringOf([28, 27]);
  const zeros = randomResidues(ring.primes, 2, 8);
  const residues = inverseResidues({
    ring,
    residues: heTasks.forward({ ring, coefficients: small }),
  });
  const seal = (messages: Int32Array | Uint32Array) =>
    heTasks.sealMessages({ ring, zeros, messages, dropBits: 4 });
  expect(seal(residues)).toEqual(seal(small));
});

test('another length and integers beyond the modulus are the peer’s fault', () => {
  const ring = ringOf([28, 28]);
  const zeros = randomResidues(ring.primes, 2, 9);
  const packed = heTasks.sealMessages({ ring, zeros, messages: small, dropBits: 4 });
  const opening = { ring, count: 2, dropBits: 4 };
  for (const wrong of [packed.slice(1), packed.slice().fill(255)]) {
    expect(() => heTasks.openSealed({ ...opening, packed: wrong })).toThrow(
      expect.objectContaining({ code: 'protocol-violation' }),
    );
  }
  expect(() =>
    heTasks.sealMessages({ ring, zeros, messages: small.slice(N), dropBits: 4 }),
  ).toThrow('another length');
});
