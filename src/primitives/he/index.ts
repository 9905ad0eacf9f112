/** RLWE over Z_q[X]/(X^4096 + 1): SEAL draws every secret coin, kernels do the deterministic arithmetic. */
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
