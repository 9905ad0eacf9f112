/** What encryption and rounding add to logits, residuals and gradient, as standard deviations; and how much may be rounded away. */
import { fitPhasorSeries } from '../../math/sigmoid.ts';
import { N } from '../../primitives/he/index.ts';
import { HALF } from '../../primitives/sharing/index.ts';

export interface Noise {
  /** Of one row's logit. */
  readonly logit: number;
  /** Of one row's residual sigma(z) - y, from the sigmoid stage. */
  readonly residual: number;
  /** Of a gradient entry, in units of its statistical standard error (features and residuals of size 1 and 0.4). */
  readonly gradient: number;
}

export interface NoiseInput {
  readonly rows: number;
  /** Of both parties. */
  readonly weights: number;
  readonly harmonics: number;
  readonly period: number;
  readonly forwardPrime: number;
  readonly fractionBits: number;
  readonly phasorScale: number;
  readonly transformScale: number;
  readonly modulusBits: number;
}

export interface DropBits {
  readonly forward: number;
  readonly sigmoid: number;
  readonly gradient: number;
}

/** Standard deviation of an error, a centred binomial of 42 coins. */
const ERROR = Math.sqrt(21 / 2);
/** Of a real rounded to an integer. */
const ROUNDING = Math.sqrt(1 / 12);
/** Rounding c1' to multiples of 2^b adds 2^b times this to c1' s: N products of a rounding error and a ternary secret. */
const REPLY_ROUNDING = ROUNDING * Math.sqrt((2 * N) / 3);
/**
 * Of a public zero's phase e u + e0 + e1 s as the kernels draw it. SEAL's is 15.1: the peer may use
 * either, so the worse is counted.
 */
const PUBLIC_ZERO = ERROR * Math.sqrt(1 + (4 * N) / 3);
/** Bits of a forward reply: two bytes a row. */
const FORWARD_REPLY_BITS = 16;
/** The sd of a residual that the gradient's noise is compared with. */
const RESIDUAL_SD = 0.4;
/** Share of the gradient's standard error that rounding its replies may add. */
const GRADIENT_ROUNDING = 0.04;

/** Variances add: every term is an independent error of mean zero. */
const together = (...parts: readonly number[]): number => Math.hypot(...parts);

export function noiseOf(input: NoiseInput): { noise: Noise; dropBits: DropBits } {
  const { rows, weights, harmonics, period, phasorScale, transformScale } = input;
  const forwardDrop = Math.ceil(Math.log2(input.forwardPrime)) - FORWARD_REPLY_BITS;
  const logit =
    (period / input.forwardPrime) *
    together(
      ERROR * Math.sqrt(N * weights) * 2 ** input.fractionBits,
      Math.SQRT2 * together(REPLY_ROUNDING * 2 ** forwardDrop, PUBLIC_ZERO),
    );

  // A slot is the value of a polynomial: sqrt(M) times a coefficient's error comes back in each row.
  const norm = Math.hypot(...fitPhasorSeries({ harmonics, period, centre: 0 }).real);
  const fresh = ERROR * phasorScale * norm;
  const sigmoidDrop = Math.max(0, Math.floor(Math.log2((0.5 * fresh) / REPLY_ROUNDING)));
  const coefficient = together(
    fresh,
    ROUNDING * phasorScale * norm,
    ROUNDING * phasorScale * Math.sqrt(harmonics),
    REPLY_ROUNDING * 2 ** sigmoidDrop,
    PUBLIC_ZERO,
  );
  const residual = (Math.sqrt(HALF) * coefficient) / phasorScale ** 2;

  const standardError = (RESIDUAL_SD * Math.sqrt(rows) * phasorScale ** 2 * transformScale) / HALF;
  const gradientDrop = Math.min(
    input.modulusBits - FORWARD_REPLY_BITS,
    Math.max(0, Math.floor(Math.log2((GRADIENT_ROUNDING * standardError) / REPLY_ROUNDING))),
  );
  const gradient = together(
    residual / RESIDUAL_SD,
    logit / 4 / RESIDUAL_SD,
    together(REPLY_ROUNDING * 2 ** gradientDrop, PUBLIC_ZERO) / standardError,
  );
  return {
    noise: { logit, residual, gradient },
    dropBits: { forward: forwardDrop, sigmoid: sigmoidDrop, gradient: gradientDrop },
  };
}
