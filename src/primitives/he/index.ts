/** RLWE over Z_q[X]/(X^4096 + 1): keys and zeros by either engine, all other arithmetic by kernels. */
import { DEFAULT_ENGINE, type HeTasks } from './api.ts';
import { samplers } from './engines.ts';
import { checkPublicKey, expandSeeds } from './keys.ts';
import { innerProduct, ownShare } from './reply.ts';
import { forward, unpackResidues } from './residues.ts';
import { openSealed, sealMessages } from './sealed.ts';
import { addSummands, openSums } from './summands.ts';
import { sumSelected } from './sums.ts';

export { N } from '../../kernels/field.ts';
export type {
  Engine,
  HeTasks,
  InnerProductInput,
  InnerProductOutput,
  Key,
  OwnShareInput,
  Ring,
  Sampler,
  SeededZeros,
  Zeros,
} from './api.ts';
export { DEFAULT_ENGINE, ENGINES } from './api.ts';
export { samplers } from './engines.ts';
export { SEED_BYTES } from './envelope.ts';
export { dataPrimes, ringOf, SECURE_BITS } from './parameters.ts';
export { ready, sealExceptions } from './seal.ts';
export {
  drawFlood,
  errorBound,
  floodBound,
  MOST_SUMMANDS,
  SUM_MODULI,
  SUM_RING,
} from './sum-parameters.ts';
export { encodeConstant, secondBytes } from './summands.ts';
export type { Sums } from './sums.ts';

/**
 * What may run on a thread; coins are the default engine's. `ready()` must have been awaited there
 * before a task that draws coins or expands seeds.
 */
export const heTasks: HeTasks = {
  ...samplers[DEFAULT_ENGINE],
  checkPublicKey,
  expandSeeds,
  forward,
  unpackResidues,
  sealMessages,
  openSealed,
  innerProduct,
  ownShare,
};

/** Sums of chosen summands; they draw no coins. */
export const sumTasks = { addSummands, sumSelected, openSums };
