/** Trainings to attack: the product as it is, and builds of it that leak on purpose, which show that the attacks bite. */
import { activeTrain, passiveTrain } from '../../../src/protocols/vertical-lr/index.ts';
import { type TwoParties, twoParties } from '../../support/regression-data.ts';
import { bothValues } from '../../support/two-party.ts';
import { type Careless, type Observed, ObservedCompute } from './observed.ts';

export const BUILDS = ['product', 'unencrypted', 'zero-repeated'] as const;
export type Build = (typeof BUILDS)[number];

/** One full block, so that a coefficient of any polynomial stands for one row. */
export const ROWS = 4096;
const SETTINGS = { passes: 3, ridge: 0.001, harmonics: 2 } as const;

interface Drawn {
  readonly seeds: Uint8Array;
  readonly c0: Uint32Array;
}

/** The encryptor's zeros as a leaky build draws them. */
const ENCRYPTORS: Readonly<Record<Build, () => Careless | undefined>> = {
  product: () => undefined,
  // The message travels as it is, where a ciphertext should.
  unencrypted: () => async (name, _input, compute) => {
    const output = await compute();
    if (name === 'encryptZeros') (output as Drawn).c0.fill(0);
    return output;
  },
  // Keys and zeros are drawn once, and serve every pass.
  'zero-repeated': () => {
    const first = new Map<string, unknown>();
    return async (name, input, compute) => {
      if (name !== 'encryptZeros' && name !== 'generateKey') return compute();
      const { ring, count } = input as { ring: { primes: number[] }; count?: number };
      const key = `${name} ${ring.primes.join()} ${count}`;
      if (!first.has(key)) first.set(key, await compute());
      return structuredClone(first.get(key));
    };
  },
};

export interface AttackedTraining {
  readonly data: TwoParties;
  /** A bit for each row that the other party must not learn. */
  readonly secrets: { readonly ofActive: Uint8Array; readonly ofPassive: Uint8Array };
  /** What each party computed, in order. */
  readonly views: { readonly active: readonly Observed[]; readonly passive: readonly Observed[] };
}

/**
 * The labels follow from the active party's features alone, and the passive party's first column is
 * a bit that has to do with nothing: what either learns of the other's bit is a leak, not a model.
 */
function attackData(seed: number): TwoParties {
  const data = twoParties({ rows: ROWS, dActive: 3, dPassive: 0, strength: 8, intercept: 0, seed });
  const noise = twoParties({ rows: ROWS, dActive: 0, dPassive: 2, seed: seed + 1000 });
  const values = noise.passive.values.map((x, i) => (i < ROWS ? Math.sign(x) || 1 : x));
  return { ...data, passive: { ...noise.passive, values } };
}

export async function trainBuild(build: Build, seed: number): Promise<AttackedTraining> {
  const data = attackData(seed);
  const careless = ENCRYPTORS[build]();
  const computes = [new ObservedCompute(careless), new ObservedCompute(careless)] as const;
  await bothValues(
    (party) =>
      activeTrain(party, { features: data.active, labels: data.labels, settings: SETTINGS }),
    (party) => passiveTrain(party, { features: data.passive, settings: SETTINGS }),
    { computes, seed },
  );
  return {
    data,
    secrets: {
      ofActive: data.labels,
      ofPassive: Uint8Array.from(data.passive.values.subarray(0, ROWS), (x) => (x > 0 ? 1 : 0)),
    },
    views: { active: computes[0].seen, passive: computes[1].seen },
  };
}
