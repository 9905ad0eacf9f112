/**
 * Parameters of sums under encryption: BFV (Brakerski 2012; Fan, Vercauteren 2012) at N = 4096, without products of
 * ciphertexts. Summand j of a block is coefficient j of a plaintext; multiplied by the sum of X^-j over the chosen
 * j, a block has the sum of the chosen summands as its constant coefficient (packing as by Yasuda et al. 2013).
 * The multiplier's coefficients are 0 and +-1, so errors only add up, and only the constant coefficient is ever sent.
 *
 * Three plaintext moduli, each on ciphertexts of its own, are joined by Chinese remainders where one is too small.
 */
import type { Random } from '../../base/random.ts';
import { N } from '../../kernels/field.ts';
import type { Ring } from './api.ts';
import { ringOf } from './parameters.ts';

/** log2 q = 87, and 107 with the special prime: under the 109 of the table for 128-bit security. */
export const SUM_RING: Ring = ringOf([29, 29, 29]);
/** What is left when a sum is finished: its last prime is divided away, and with it most of the noise. */
export const FINISHED_RING: Ring = {
  primes: SUM_RING.primes.slice(0, 2),
  special: SUM_RING.special,
};
/** The largest primes below 2^21. */
export const SUM_MODULI: readonly number[] = [2_097_143, 2_097_133, 2_097_131];
/** Above it the flood would reach the message. */
export const MOST_SUMMANDS = 2 ** 20;
/** Low bits of c1' that are rounded away when it is sent. */
export const SUM_DROP_BITS = 20;

/** Largest error: a centred binomial of 42 coins. */
const ERROR = 21n;
/** Encoding rounds down, by less than one. */
const ENCODING = 1n;
/** |e u + e0 + e1 s| of a public zero with ternary u and s. SEAL's own zeros have less. */
const ZERO = ERROR * (2n * BigInt(N) + 1n);
/** The flood is so many bits above the worst error: a view with it is within 2^-40 of one without the error. */
const FLOOD_BITS = 40n;

/**
 * The most that errors can add to a sum of `summands` values: each one's own error and encoding, the public zero,
 * and the encoding of the constant that is added. Nothing here is an estimate.
 */
export const errorBound = (summands: number): bigint =>
  (ERROR + ENCODING) * BigInt(summands) + ZERO + ENCODING;

/** The flood is uniform in -floodBound..floodBound (noise flooding: Gentry 2009, section 21; Asharov et al. 2012). */
export const floodBound = (summands: number): bigint => errorBound(summands) << FLOOD_BITS;

/** Uniform to within 2^-100. */
export function drawFlood(random: Random, summands: number): bigint {
  const bound = floodBound(summands);
  const coins = BigInt(`0x${Buffer.from(random.bytes(24)).toString('hex')}`);
  return (coins % (2n * bound + 1n)) - bound;
}
