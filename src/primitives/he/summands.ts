/** The owner's side of sums under encryption: summands become ciphertexts, finished sums are opened. */
import { SottoError } from '../../base/errors.ts';
import { N } from '../../kernels/field.ts';
import { add, forward, load, packedBytes, store, wipe, work } from '../../kernels/ring.ts';
import { modulo, remaindersOf, rescale } from '../../math/torus.ts';
import { cutOf, fieldsOf } from './parameters.ts';
import { ownShare } from './reply.ts';
import { expectLength, expectWireLength, packInto, polynomialBytes } from './residues.ts';
import { FINISHED_RING, SUM_DROP_BITS, SUM_MODULI, SUM_RING } from './sum-parameters.ts';

export interface SummandsInput {
  /** One of `SUM_MODULI`. */
  readonly modulus: number;
  /** blocks x N numbers below the modulus. */
  readonly summands: Uint32Array;
  /** blocks x limbs x N residues: fresh symmetric zeros, as `encryptZeros` draws them. */
  readonly c0: Uint32Array;
}

/** A constant coefficient below q' < 2^58. */
export const FIRST_BYTES = 8;

/** Bytes of `Sums.second` for one column. */
export const secondBytes = (): number => packedBytes(cutOf(FINISHED_RING, SUM_DROP_BITS).width);

/**
 * floor(q v / t) modulo each prime. q v = t k + r gives k = -r / t there, since the prime divides q;
 * all factors fit a double: t < 2^21 and p < 2^29.
 */
function encoder(modulus: number): (value: number, limb: number) => number {
  const { modulus: q } = remaindersOf(SUM_RING.primes);
  const scale = Number(q % BigInt(modulus));
  const inverses = SUM_RING.primes.map((p) => inverseMod(modulus, p));
  return (value, limb) => {
    const rest = (scale * value) % modulus;
    const p = SUM_RING.primes[limb]!;
    return (p - ((rest * inverses[limb]!) % p)) % p;
  };
}

/** By Euclid; the moduli are distinct primes. */
export function inverseMod(value: number, prime: number): number {
  let [a, b, x, y] = [prime, value % prime, 0, 1];
  while (b !== 0) {
    const quotient = Math.floor(a / b);
    [a, b] = [b, a - quotient * b];
    [x, y] = [y, x - quotient * y];
  }
  return ((x % prime) + prime) % prime;
}

/** Residues of a number of either sign, encoded, plus a flood: what is added to a sum's constant coefficient. */
export function encodeConstant(modulus: number, value: bigint, flood: bigint): Uint32Array {
  const encode = encoder(modulus);
  const below = Number(modulo(value, BigInt(modulus)));
  return Uint32Array.from(SUM_RING.primes, (p, limb) =>
    Number(modulo(BigInt(encode(below, limb)) + flood, BigInt(p))),
  );
}

/** Adds encoded summands to zeros: packed c0, for the wire. Which summands there are is the owner's secret. */
export function addSummands({ modulus, summands, c0 }: SummandsInput): { first: Uint8Array } {
  const { data, words } = fieldsOf(SUM_RING);
  requireModulus(modulus);
  const blocks = Math.ceil(summands.length / N);
  expectLength('summands', summands.length, blocks * N);
  expectLength('c0', c0.length, blocks * words);
  const encode = encoder(modulus);
  const [value, sum] = [work[0]!, work[1]!];
  const residues = new Uint32Array(N);
  const first = new Uint8Array(blocks * polynomialBytes(data));
  const block = new Uint32Array(words);
  for (let i = 0; i < blocks; i++) {
    for (const [limb, field] of data.entries()) {
      for (let j = 0; j < N; j++)
        residues[j] = encode(checked(summands[i * N + j]!, modulus), limb);
      load(value, residues, 0);
      forward(value, field);
      load(sum, c0, i * data.length + limb);
      add(value, sum, sum, field);
      store(sum, block, limb);
    }
    packInto(first, i * polynomialBytes(data), block, data);
  }
  for (const secret of [residues, block]) secret.fill(0);
  wipe(value, sum);
  return { first };
}

function requireModulus(modulus: number): void {
  if (SUM_MODULI.includes(modulus)) return;
  throw new SottoError('invalid-argument', 'no such plaintext modulus', { modulus });
}

function checked(summand: number, modulus: number): number {
  if (summand < modulus) return summand;
  throw new SottoError('invalid-argument', 'a summand is not below its modulus', { modulus });
}

/**
 * The key's owner: the sums, each modulo its column's modulus. From the wire: refuses other lengths and numbers that
 * are not below q'.
 */
export function openSums(input: {
  readonly secret: Int8Array;
  readonly moduli: readonly number[];
  readonly first: Uint8Array;
  readonly second: Uint8Array;
}): Uint32Array {
  const { moduli, first } = input;
  expectWireLength('constants of sums', first.length, moduli.length * FIRST_BYTES);
  expectWireLength('sums', input.second.length, moduli.length * secondBytes());
  const shares = ownShare({
    ring: FINISHED_RING,
    secret: input.secret,
    reply: input.second,
    count: moduli.length,
    dropBits: SUM_DROP_BITS,
    take: 'constant',
  });
  const { modulus: q, combine } = remaindersOf(FINISHED_RING.primes);
  const view = new DataView(first.buffer, first.byteOffset, first.length);
  return Uint32Array.from(moduli, (modulus, column) => {
    const constant = view.getBigUint64(column * FIRST_BYTES, true);
    if (constant >= q) {
      throw new SottoError('protocol-violation', 'a constant of a sum is not below its modulus');
    }
    const phase = modulo(constant + combine(shares.subarray(2 * column, 2 * column + 2)), q);
    return Number(rescale(phase, q, BigInt(modulus)));
  });
}
