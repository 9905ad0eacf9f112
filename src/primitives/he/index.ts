/** RLWE over Z_q[X]/(X^4096 + 1): SEAL draws every secret coin, kernels do the deterministic arithmetic. */
import type { HeTasks } from './api.ts';
import { checkPublicKey, encryptZeros, expandSeeds, generateKey, publicZeros } from './keys.ts';
import { innerProduct, ownShare } from './reply.ts';
import {
  addResidues,
  forward,
  forwardResidues,
  inverseResidues,
  packResidues,
  unpackResidues,
} from './residues.ts';

export { N } from '../../kernels/field.ts';
export type {
  HeTasks,
  InnerProductInput,
  InnerProductOutput,
  Key,
  OwnShareInput,
  Ring,
  SeededZeros,
  Zeros,
} from './api.ts';
export { SEED_BYTES } from './envelope.ts';
export { dataPrimes, ringOf, SECURE_BITS } from './parameters.ts';
export { ready, sealExceptions } from './seal.ts';

/** What may run on a thread. `ready()` must have been awaited there before a task that draws coins or expands seeds. */
export const heTasks: HeTasks = {
  generateKey,
  checkPublicKey,
  encryptZeros,
  publicZeros,
  expandSeeds,
  forward,
  forwardResidues,
  inverseResidues,
  addResidues,
  packResidues,
  unpackResidues,
  innerProduct,
  ownShare,
};
