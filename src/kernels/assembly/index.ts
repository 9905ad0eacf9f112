/** Everything that kernels.wasm exports. Addresses are the caller's: nothing is allocated here. */
export { expand } from './blake2xb';
export { embedPhasors, embedReals, fillEmbedding } from './embedding';
export { addColumns, fold, innerInteger, reduceWords } from './integers';
export { fillTables, forwardTransform, inverseTransform } from './ntt';
export { accumulate, add, inRange, lift, mean, multiply, subtract, ternaryConstant } from './residues';
export { binomial, embed, ternary } from './sampler';
export { pack, packWide, roundOne, roundTwo, spread, unpack, unpackWide } from './wire';

/** First address that is free. */
export function heapBase(): usize {
  return __heap_base;
}
