import { expect, test } from 'vitest';
import { inlineCompute } from '../../../src/compute/inline.ts';
import { activeTrain, passiveTrain } from '../../../src/protocols/vertical-lr/index.ts';
import { residuesToKeep } from '../../../src/protocols/vertical-lr/training.ts';
import { cleartextTasks } from '../../support/cleartext.ts';
import { seededRandom } from '../../support/random.ts';
import { twoParties } from '../../support/regression-data.ts';
import { bothValues } from '../../support/two-party.ts';

test('residues are kept as far as the limit reaches, the forward product’s first', () => {
  const most = 1200;
  expect(residuesToKeep(100, 2, most)).toEqual({ forward: true, gradient: true });
  expect(residuesToKeep(101, 2, most)).toEqual({ forward: true, gradient: false });
  expect(residuesToKeep(301, 2, most)).toEqual({ forward: false, gradient: false });
});

test('a million rows of fifty columns do not keep the residues of the gradient by default', () => {
  expect(residuesToKeep(1_003_520 * 50, 2)).toEqual({ forward: true, gradient: false });
  expect(residuesToKeep(102_400 * 60, 2)).toEqual({ forward: true, gradient: true });
});

test('a training that keeps no residues learns the same weights', async () => {
  const sizes = { rows: 3000, dActive: 3, dPassive: 2 };
  const settings = { passes: 3, ridge: 0.01, harmonics: 3 };
  const { active, passive, labels } = twoParties({ ...sizes, intercept: 0 });
  // The same coins both times, hence the same bits.
  const train = (keptBytes: number) =>
    bothValues(
      (party) => activeTrain(party, { features: active, labels, settings, keptBytes }),
      (party) => passiveTrain(party, { features: passive, settings, keptBytes }),
      {
        seed: 'kept residues',
        computes: [
          inlineCompute(cleartextTasks(seededRandom('a'))),
          inlineCompute(cleartextTasks(seededRandom('b'))),
        ],
      },
    );
  const [kept, anew] = [await train(2 ** 29), await train(0)];
  expect(anew.map(({ weights }) => [...weights])).toEqual(kept.map(({ weights }) => [...weights]));
});
