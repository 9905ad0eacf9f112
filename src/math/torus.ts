/** Numbers mod q held as one residue a prime, and as fractions of a turn: Chinese remainders, rounding, centring. */

/** Chinese remaindering for fixed distinct primes; q is their product. */
export interface Remainders {
  readonly modulus: bigint;
  /** The integer in [0, q) with these residues. */
  combine(residues: ArrayLike<number>): bigint;
  /** Residues of any integer. */
  split(value: bigint): Uint32Array;
}

export function remaindersOf(primes: readonly number[]): Remainders {
  const big = primes.map(BigInt);
  const modulus = big.reduce((product, p) => product * p, 1n);
  const units = big.map((p) => {
    const others = modulus / p;
    return others * power(others % p, p - 2n, p); // Fermat: the inverse of `others` mod p
  });
  return {
    modulus,
    combine: (residues) =>
      modulo(
        units.reduce((sum, unit, i) => sum + unit * BigInt(residues[i]!), 0n),
        modulus,
      ),
    split: (value) => Uint32Array.from(big, (p) => Number(modulo(value, p))),
  };
}

/** The representative in [0, modulus). */
export function modulo(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

/** round(value * to / from) mod to, halves up: one point of the torus on another grid. 0 <= value < from. */
export function rescale(value: bigint, from: bigint, to: bigint): bigint {
  return ((2n * value * to + from) / (2n * from)) % to;
}

/** value / modulus as a fraction of a turn in (-1/2, 1/2]. 0 <= value < modulus. */
export function centredFraction(value: bigint, modulus: bigint): number {
  const centred = 2n * value > modulus ? value - modulus : value;
  return Number(centred) / Number(modulus);
}

/** round(x * 2^53) * modulus / 2^53: a real of the torus, |x| <= 1, as an integer in [0, modulus). */
export function fromReal(x: number, modulus: bigint): bigint {
  return modulo((BigInt(Math.round(x * 2 ** 53)) * modulus) >> 53n, modulus);
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}
