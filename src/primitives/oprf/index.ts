/** Oblivious pseudorandom functions (RFC 9497, ristretto255-SHA512) and what of them is done on a thread. */
import {
  oprfBlind,
  oprfDeriveKey,
  oprfEvaluateDirect,
  oprfEvaluateEach,
  oprfEvaluatePart,
  oprfFinalize,
  oprfProveParts,
} from './oprf.ts';

export { ready } from '../group/index.ts';
export {
  type Asked,
  type Blinded,
  type Evaluated,
  type KeyPair,
  oprfBlind,
  oprfDeriveKey,
  oprfEvaluate,
  oprfEvaluateDirect,
  oprfEvaluateEach,
  oprfEvaluatePart,
  oprfEvaluateWithProof,
  oprfFinalize,
  oprfFinalizeUnproved,
  oprfProveParts,
  oprfPublicKey,
} from './oprf.ts';
export { poprfEvaluateDirect, poprfEvaluateWithProof, poprfFinalize } from './poprf.ts';
export { PROOF_BYTES } from './proof.ts';
export { COIN_BYTES } from './scalars.ts';
export { BATCH_MAX, INPUT_BYTES_MAX, type Mode, OUTPUT_BYTES } from './suite.ts';

export const oprfTasks = {
  oprfBlind,
  oprfDeriveKey,
  oprfEvaluateDirect,
  oprfEvaluateEach,
  oprfEvaluatePart,
  oprfFinalize,
  oprfProveParts,
};
