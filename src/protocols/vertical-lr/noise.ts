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

/** Low bits that are rounded away in each stage. */
export interface DropBits {
  readonly forward: number;
  readonly sigmoid: number;
  readonly gradient: number;
}

/** Moduli of the slots that are encrypted, and of those that multiply them: their product is what residuals are scaled by. */
export interface PhasorScales {
  readonly encrypted: number;
  readonly plain: number;
}

export interface NoisePlan {
  readonly noise: Noise;
  /** Of c0 of what is encrypted for the peer, and of c1' of what returns. */
  readonly inputDropBits: DropBits;
  readonly dropBits: DropBits;
  /** By the party that encrypts. */
  readonly phasorScales: { readonly active: PhasorScales; readonly passive: PhasorScales };
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
/**
 * Low bits of c0 that neither weights' shares nor phasors travel with: rounding adds 0.7 and 1.4 times the error of the
 * encryption, and a bit of every phasor ciphertext is a hundredth of a training's bytes.
 */
const FORWARD_INPUT_DROP = 3;
const SIGMOID_INPUT_DROP = 4;
/** Shares of what is there already that rounding may add: of a coefficient's error, and of the gradient's standard error. */
const RESIDUAL_ROUNDING = 0.15;
const GRADIENT_ROUNDING = 0.04;
/** The sd of a residual that the gradient's noise is compared with. */
const RESIDUAL_SD = 0.4;

/** Variances add: every term is an independent error of mean zero. */
const together = (...parts: readonly number[]): number => Math.hypot(...parts);

/** Of a c0 that lost its low bits. */
const inputError = (dropBits: number): number =>
  dropBits === 0 ? ERROR : together(ERROR, ROUNDING * 2 ** dropBits);

/** The largest number of low bits whose rounding, `perUnit` at none, adds at most `most`. */
const bitsWithin = (most: number, perUnit: number): number =>
  Math.max(0, Math.floor(Math.log2(most / perUnit)));

/**
 * What one party's encrypted and the other's plain phasors come to. The error of the encryption grows with the plain
 * ones, the rounding of the plain ones with those encrypted: least where both add the same.
 */
function phasorsOf(phasorScale: number, norms: { encrypted: number; plain: number }) {
  const error = inputError(SIGMOID_INPUT_DROP);
  const ratio = (error * norms.plain) / (ROUNDING * norms.encrypted);
  const scales = {
    encrypted: phasorScale * Math.sqrt(ratio),
    plain: phasorScale / Math.sqrt(ratio),
  };
  const coefficient = together(
    error * scales.plain * norms.plain,
    ROUNDING * scales.encrypted * norms.encrypted,
    ROUNDING * scales.plain * norms.plain,
  );
  return { scales, coefficient };
}

export function noiseOf(input: NoiseInput): NoisePlan {
  const { rows, weights, harmonics, period, phasorScale, transformScale } = input;
  const forwardDrop = Math.ceil(Math.log2(input.forwardPrime)) - FORWARD_REPLY_BITS;
  const logit =
    (period / input.forwardPrime) *
    together(
      inputError(FORWARD_INPUT_DROP) * Math.sqrt(N * weights) * 2 ** input.fractionBits,
      Math.SQRT2 * together(REPLY_ROUNDING * 2 ** forwardDrop, PUBLIC_ZERO),
    );

  // The active party's phasors carry the series' coefficients, whoever encrypts.
  const series = Math.hypot(...fitPhasorSeries({ harmonics, period, centre: 0 }).real);
  const ones = Math.sqrt(harmonics);
  const active = phasorsOf(phasorScale, { encrypted: series, plain: ones });
  const passive = phasorsOf(phasorScale, { encrypted: ones, plain: series });
  const fresh = Math.max(active.coefficient, passive.coefficient);
  const sigmoidDrop = bitsWithin(0.5 * fresh, REPLY_ROUNDING);
  const coefficient = together(fresh, REPLY_ROUNDING * 2 ** sigmoidDrop, PUBLIC_ZERO);
  // A coefficient of E is a sum of two; it is encrypted anew, and rounded for that.
  const residualInputDrop = bitsWithin(RESIDUAL_ROUNDING * Math.SQRT2 * coefficient, ROUNDING);
  const returned = together(coefficient, inputError(residualInputDrop) / Math.SQRT2);
  // A slot is the value of a polynomial: sqrt(M) times a coefficient's error comes back in each row.
  const residual = (Math.sqrt(HALF) * returned) / phasorScale ** 2;

  const standardError = (RESIDUAL_SD * Math.sqrt(rows) * phasorScale ** 2 * transformScale) / HALF;
  const gradientDrop = Math.min(
    input.modulusBits - FORWARD_REPLY_BITS,
    bitsWithin(GRADIENT_ROUNDING * standardError, REPLY_ROUNDING),
  );
  const gradient = together(
    residual / RESIDUAL_SD,
    logit / 4 / RESIDUAL_SD,
    together(REPLY_ROUNDING * 2 ** gradientDrop, PUBLIC_ZERO) / standardError,
  );
  return {
    noise: { logit, residual, gradient },
    inputDropBits: {
      forward: FORWARD_INPUT_DROP,
      sigmoid: SIGMOID_INPUT_DROP,
      gradient: residualInputDrop,
    },
    dropBits: { forward: forwardDrop, sigmoid: sigmoidDrop, gradient: gradientDrop },
    phasorScales: { active: active.scales, passive: passive.scales },
  };
}
