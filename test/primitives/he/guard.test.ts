/** Goal: SEAL stays right after any number of its exceptions, and is never used again after a trap. Method: force both. */
import { beforeEach, expect, test } from 'vitest';
import { SottoError } from '../../../src/base/errors.ts';
import {
  heTasks,
  N,
  ready,
  ringOf,
  samplers,
  sealExceptions,
} from '../../../src/primitives/he/index.ts';
import { withSeal } from '../../../src/primitives/he/seal.ts';
import { inverseResidues } from '../../support/residues.ts';
import { deviation, phase } from '../../support/ring.ts';
import { withBench } from '../../support/seal.ts';

beforeEach(ready);

const he = { ...heTasks, ...samplers.seal };

const ring = ringOf([28, 27]);

function thrown(run: () => unknown): SottoError {
  try {
    run();
  } catch (error) {
    return error as SottoError;
  }
  throw new Error('nothing was thrown');
}

test('after 10,000 exceptions the next encryption and decryption are right', () => {
  const { secret, publicKey } = he.generateKey({ ring });
  const before = sealExceptions();
  const garbage = new Uint8Array(300).fill(7);
  withBench(ring, ({ seal, context }) => {
    using ciphertext = new seal.Ciphertext();
    for (let i = 0; i < 10_000; i++) {
      const error = thrown(() => withSeal(() => ciphertext.loadFromArray(context.seal, garbage)));
      if (error.code !== 'internal' || 'poisoned' in error.facts) throw error;
    }
  });
  expect(sealExceptions() - before).toBe(10_000);
  const zeros = he.publicZeros({ ring, publicKey, count: 2 });
  withBench(ring, ({ ciphertext, decrypt }) => {
    using zero = ciphertext(zeros.c0.slice(2 * N), zeros.c1.slice(2 * N));
    const coefficients = inverseResidues({ ring, residues: decrypt(secret, zero) });
    for (const [limb, p] of ring.primes.entries()) {
      const ours = phase(ring, secret, { ...zeros, index: 1, limb });
      expect(ours).toEqual(coefficients.slice(limb * N, (limb + 1) * N));
      expect(deviation(ours, p)).toBeLessThan(20);
    }
  });
});

test('what SEAL throws says nothing of why', () => {
  const errors = [new Uint8Array(0), new Uint8Array(10), new Uint8Array(70_000).fill(1)].map(
    (bytes) =>
      thrown(() =>
        withBench(ring, ({ seal, context }) => {
          using ciphertext = new seal.Ciphertext();
          ciphertext.loadFromArray(context.seal, bytes);
        }),
      ),
  );
  for (const error of errors) {
    expect(error).toBeInstanceOf(SottoError);
    expect(error.toRecord()).toEqual({
      code: 'internal',
      message: 'the encryption library failed',
      facts: {},
    });
    expect(error.cause).toBeUndefined();
  }
});

/** The smallest module whose only function, `f`, traps. */
const trapping = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // header
  ...[1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0], // one type () -> (), one function
  ...[7, 5, 1, 1, 0x66, 0, 0, 10, 5, 1, 3, 0, 0, 0x0b], // exported; body: unreachable
);

test('after a trap the instance is abandoned, and the error says that the thread is poisoned', async () => {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(trapping));
  const error = thrown(() => withSeal(() => (instance.exports.f as () => void)()));
  expect([error.code, error.facts]).toEqual(['internal', { poisoned: true }]);
  const next = thrown(() => he.generateKey({ ring }));
  expect([next.code, next.facts]).toEqual(['internal', { poisoned: true }]);
  await ready(); // a fresh instance
  const { secret } = he.generateKey({ ring });
  const { c0, seeds } = he.encryptZeros({ ring, secret, count: 1 });
  const { c1 } = he.expandSeeds({ ring, seeds, count: 1 });
  const noise = deviation(phase(ring, secret, { c0, c1, index: 0, limb: 0 }), ring.primes[0]!);
  expect(noise).toBeLessThan(4);
});

test('an error of ours passes the guard unchanged', () => {
  const ours = new SottoError('invalid-argument', 'ours');
  expect(
    thrown(() =>
      withSeal(() => {
        throw ours;
      }),
    ),
  ).toBe(ours);
});
