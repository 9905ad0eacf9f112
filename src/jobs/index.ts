/** What rpc and cli use of the jobs layer. */

export { type Disk, type GrowingFile, systemDisk } from './disk.ts';
export { jobsShareOf } from './memory.ts';
export { openWorker } from './open.ts';
export {
  type Clock,
  DEFAULT_LIMITS,
  type Limits,
  type Offer,
  type Rule,
  type WorkerOptions,
} from './options.ts';
export type { Models, Operator, Peers } from './peers.ts';
export { systemClock, systemRandom } from './system.ts';
export { Worker } from './worker.ts';
