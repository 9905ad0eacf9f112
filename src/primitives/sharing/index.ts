/** Additive shares modulo primes: what each party computes on its own share, between two ciphertexts. */
import { encodeColumn } from './columns.ts';
import { embedReals, phasors } from './phasors.ts';
import { localGradient } from './products.ts';
import { integerProduct } from './recomputed.ts';
import { answerPhasors, knownFold, logitShares, ownFold, sealPhasors } from './stages.ts';

export { HALF } from './phasors.ts';

export const sharingTasks = {
  encodeColumn,
  phasors,
  embedReals,
  localGradient,
  integerProduct,
  logitShares,
  sealPhasors,
  answerPhasors,
  ownFold,
  knownFold,
};
