/** Infers the other party's bit of each row from a party's view of a training, in every way of the suite. */
import { auc } from '../../../src/model/ranking.ts';
import type { Build } from './builds.ts';
import { trainBuild } from './builds.ts';
import { candidatesOf } from './candidates.ts';

export interface Attacked {
  readonly build: Build;
  /** Whose view it was. */
  readonly party: 'active' | 'passive';
  readonly candidates: number;
  /** Of all candidates the AUC farthest from 1/2, and what gave it. */
  readonly auc: number;
  readonly by: string;
}

/** What a row's number may say: itself, its size, its sign. */
const STATISTICS: readonly (readonly [string, (x: number) => number])[] = [
  ['value', (x) => x],
  ['norm', Math.abs],
  ['sign', Math.sign],
];

/** Trains once, then attacks: the labels from the passive party's view, a column from the active party's. */
export async function attack(
  build: Build,
  seed: number,
  parties: readonly Attacked['party'][] = ['passive', 'active'],
): Promise<Attacked[]> {
  const { data, secrets, views } = await trainBuild(build, seed);
  const attacked: Attacked[] = [];
  for (const party of parties) {
    const secret = party === 'passive' ? secrets.ofActive : secrets.ofPassive;
    const features = data[party];
    let candidates = 0;
    let best = { auc: 0.5, by: '' };
    for await (const { name, values } of candidatesOf(views[party], features)) {
      for (const [statistic, of] of STATISTICS) {
        candidates += 1;
        const area = auc(secret, values.map(of));
        if (Math.abs(area - 0.5) > Math.abs(best.auc - 0.5)) {
          best = { auc: area, by: `${statistic} of ${name}` };
        }
      }
    }
    attacked.push({ build, party, candidates, ...best });
  }
  return attacked;
}
