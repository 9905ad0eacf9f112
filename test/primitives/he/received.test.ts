/** Goal: nothing a peer sends reaches SEAL malformed, or is used unchecked. Method: each rule broken once, then thousands of mutations. */
import { beforeAll, expect, test } from 'vitest';
import { SottoError } from '../../../src/base/errors.ts';
import {
  heTasks,
  N,
  ready,
  ringOf,
  samplers,
  sealExceptions,
} from '../../../src/primitives/he/index.ts';
import { fuzzCiphertexts } from '../../fuzz/ciphertexts.ts';
import { packResidues } from '../../support/residues.ts';
import { randomResidues } from '../../support/ring.ts';

beforeAll(ready);

const he = { ...heTasks, ...samplers.seal };
const drawZeros = [he.publicZeros, samplers.kernel.publicZeros];

const ring = ringOf([28, 27]);
const SEED = 64;
const LIMB_BYTES = [28, 27, 20].map((bits) => (N / 8) * bits);

function refusal(run: () => unknown): SottoError {
  try {
    run();
  } catch (error) {
    if (error instanceof SottoError) return error;
    throw error;
  }
  throw new Error('was accepted');
}

test('a public key of another length is refused, with both lengths', () => {
  const { publicKey } = he.generateKey({ ring });
  const expected = SEED + LIMB_BYTES.reduce((sum, bytes) => sum + bytes);
  expect(publicKey.length).toBe(expected);
  he.checkPublicKey({ ring, publicKey });
  for (const received of [0, 1, SEED, expected - 1]) {
    const cut = { ring, publicKey: publicKey.slice(0, received), count: 1 };
    for (const receive of [he.checkPublicKey, ...drawZeros]) {
      const error = refusal(() => receive(cut));
      expect(error.code).toBe('protocol-violation');
      expect(error.facts).toEqual({ expected, received });
    }
  }
});

test.each([0, 1, 2])(
  'a public key whose limb %i is zero, or holds its own modulus, is refused',
  (limb) => {
    const { publicKey } = he.generateKey({ ring });
    const start = LIMB_BYTES.slice(0, limb).reduce((sum, bytes) => sum + bytes, SEED);
    const zero = publicKey.slice().fill(0, start, start + LIMB_BYTES[limb]!);
    const full = publicKey.slice().fill(0xff, start + 700, start + 708);
    for (const draw of drawZeros) {
      for (const wrong of [zero, full]) {
        const { code } = refusal(() => draw({ ring, publicKey: wrong, count: 1 }));
        expect(code).toBe('protocol-violation');
      }
    }
  },
);

test('a repeated seed is refused', () => {
  const { secret } = he.generateKey({ ring });
  const { seeds } = he.encryptZeros({ ring, secret, count: 3 });
  seeds.copyWithin(2 * SEED, 0, SEED);
  const error = refusal(() => he.expandSeeds({ ring, seeds, count: 3 }));
  expect([error.code, error.facts]).toEqual(['protocol-violation', { seeds: 3, distinct: 2 }]);
});

test('a reply above the largest that honest rounding gives is refused', () => {
  const single = ringOf([28]);
  const secret = new Int8Array(N).fill(1);
  const residues = randomResidues(single.primes, 1, 1).fill(single.primes[0]! - 1, 100, 101);
  const most = packResidues({ ring: single, residues });
  const take = { ring: single, secret, count: 1, dropBits: 0, take: 'all' } as const;
  he.ownShare({ ...take, reply: most });
  residues[100] = single.primes[0]!;
  const above = packResidues({ ring: single, residues });
  expect(refusal(() => he.ownShare({ ...take, reply: above })).code).toBe('protocol-violation');
});

test('inputs of ours of the wrong length are our own mistake, not the peer’s', () => {
  const residues = randomResidues(ring.primes, 1, 1);
  const product = { ring, plain: residues, cipher0: residues, cipher1: residues };
  const rest = { zero0: residues, zero1: residues, terms: 1, dropBits: 8, keep: 'all' } as const;
  he.innerProduct({ ...product, ...rest });
  for (const name of ['plain', 'cipher0', 'cipher1', 'zero0', 'zero1']) {
    const input = { ...product, ...rest, [name]: residues.slice(1) };
    expect(refusal(() => he.innerProduct(input)).code).toBe('invalid-argument');
  }
  expect(refusal(() => he.innerProduct({ ...product, ...rest, terms: 0 })).code).toBe(
    'invalid-argument',
  );
  expect(refusal(() => he.forward({ ring, coefficients: new Int32Array(N + 1) })).code).toBe(
    'invalid-argument',
  );
});

test('thousands of mutated messages end in a refusal or a well-formed value, never in SEAL', async () => {
  const before = sealExceptions();
  const result = await fuzzCiphertexts({ cases: 3000, seed: 1 });
  expect(result.crashes).toBe(0);
  expect(result.wasmExceptions).toBe(0);
  expect(sealExceptions()).toBe(before);
  expect(result.refused).toBeGreaterThan(2000);
  expect(result.accepted).toBeGreaterThan(100); // so that the mutations are not all trivial
  expect(result.refused + result.accepted).toBe(3000);
});
