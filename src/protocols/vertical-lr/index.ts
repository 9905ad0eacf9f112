/**
 * Vertical logistic regression: two parties with the columns of the same rows train one model, and
 * each learns the weights of its own columns. Semi-honest, under ring learning with errors.
 *
 *      active (labels, features)                                  passive (features)
 *        |  shape ------------------------------------------------------> shape  |   rows, weights, settings
 *        | <------------------------------------------------------------- shape  |
 *        |                                                                       |   pass 1: residuals known to active
 *        |  keys, gradient input -----------------------------------------------> |
 *        | <--------------------------------------------------- gradient reply   |
 *        |                                                                       |   each later pass
 *        |  keys <------------------------------------------------------> keys   |   fresh, one a stage
 *        |  forward input <-------------------------------------> forward input  |   shares of the other's weights
 *        |                                                                       |   chunk by chunk of rows, several under way:
 *        |  forward reply <-------------------------------------> forward reply  |   => shares of z / P mod 1
 *        |  sigmoid input <-- either, by turns ------------------> sigmoid reply |   phasors; => shares of the residuals
 *        |  gradient input <-----------------------------------> gradient input  |   shares of the residuals
 *        |  gradient reply <-----------------------------------> gradient reply  |   => shares of the gradients
 *        |                                                                       |   after the last pass
 *        |  kept <-------------------------------------------------------> kept   |   no pass is repeated any more
 *        |  opened weights <-----------------------------------> opened weights  |   24 bits, the other's only
 *        |  warning <-----------------------------------------------> warning    |   one bit
 *
 * Every input is a ciphertext under its sender's key (a seed for c1, and c0); every reply is the second
 * component of a product under the receiver's key, plus a fresh zero, rounded. The first component stays with its
 * computer: phase = c0 + c1 s is a sharing of the product (Boyle, Kohl, Scholl, Eurocrypt 2019), and nothing is
 * ever decrypted. Slots as in CKKS (Asiacrypt 2017); weights are public integer combinations of gradient shares.
 */
export { type ActiveTrained, activeTrain } from './active.ts';
export type { Memory } from './history.ts';
export {
  chooseParameters,
  describeParameters,
  MIN_ROWS,
  type Parameters,
  ROWS_PER_WEIGHT,
  type Sizes,
} from './parameters.ts';
export { passiveTrain } from './passive.ts';
export { MIN_OF_EACH_CLASS } from './shape.ts';
export { KEPT_BYTES, type Settings, type Trained } from './training.ts';
