/** The tasks that draw coins, by engine. SEAL is the reference that the kernels are tested against. */
import type { Engine, Sampler } from './api.ts';
import * as seal from './keys.ts';
import * as kernel from './sampling.ts';

const tasksOf = ({ generateKey, encryptZeros, publicZeros }: Sampler): Sampler => ({
  generateKey,
  encryptZeros,
  publicZeros,
});

export const samplers: Readonly<Record<Engine, Sampler>> = {
  kernel: tasksOf(kernel),
  seal: tasksOf(seal),
};
