/** The prime-order group ristretto255 and what may be done with it on a thread. */
import { hashAndMultiply, multiplyToFingerprints } from './ristretto.ts';

export { type Engine, engine, ready, useEngine } from './engine.ts';
export {
  type FingerprintInput,
  type HashInput,
  hashAndMultiply,
  hashToGroup,
  type MultiplyInput,
  multiply,
  multiplyToFingerprints,
  pointsFromUniform,
  randomScalar,
  Scalar,
} from './ristretto.ts';
export { POINT_BYTES, SCALAR_BYTES } from './sodium.ts';

export const groupTasks = { hashAndMultiply, multiplyToFingerprints };
