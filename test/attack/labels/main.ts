/**
 * `npm run attack -- labels`: what a training's views say of the other party's bit of each row. The
 * product must say nothing (AUC 0.45 to 0.55 for every candidate); builds that leak on purpose must give themselves away.
 */
import { parseArgs } from 'node:util';
import { attack } from './attack.ts';
import { BUILDS } from './builds.ts';

/** Rows are 4,096: the AUC of a candidate that knows nothing has a standard error of 0.009. */
const SAYS_NOTHING = [0.45, 0.55] as const;
const SAYS_ALL = 0.9;

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
  },
  allowPositionals: true,
});
for (const build of BUILDS) {
  // The leaks are of labels: who holds them has nothing to find.
  const parties = build === 'product' ? (['passive', 'active'] as const) : (['passive'] as const);
  for (const result of await attack(build, Number(flags.seed), parties)) {
    const expected =
      build === 'product'
        ? result.auc >= SAYS_NOTHING[0] && result.auc <= SAYS_NOTHING[1]
        : Math.max(result.auc, 1 - result.auc) > SAYS_ALL;
    if (!expected) process.exitCode = 1;
    if (flags.json) console.log(JSON.stringify({ ...result, expected }));
    else {
      const { party, candidates, auc, by } = result;
      console.log(
        `${build.padEnd(14)} view of the ${party.padEnd(7)} ${candidates} candidates, AUC ${auc.toFixed(3)} by ${by}${expected ? '' : ': NOT AS EXPECTED'}`,
      );
    }
  }
}
