/** What `npm run bench -- <subject>` can measure; a subject is loaded only when it is asked for. */
import type { Subject } from './harness.ts';

export const subjects: Readonly<Record<string, () => Promise<Subject>>> = {
  goals: async () => (await import('./goals.ts')).goals,
  'vertical-lr': async () => (await import('./protocols/vertical-lr.ts')).verticalLr,
  journal: async () => (await import('./jobs/journal.ts')).journal,
  passes: async () => (await import('./scenarios/passes.ts')).passes,
  accuracy: async () => (await import('./model/accuracy.ts')).accuracy,
  he: async () => (await import('./primitives/he.ts')).he,
  ring: async () => (await import('./kernels/ring.ts')).ring,
  ristretto: async () => (await import('./kernels/ristretto.ts')).ristretto,
  psi: async () => (await import('./protocols/psi.ts')).psi,
  sets: async () => (await import('./protocols/sets.ts')).sets,
  measure: async () => (await import('./protocols/measure.ts')).measureCohorts,
  rpc: async () => (await import('./rpc/throughput.ts')).rpc,
  'tag-query': async () => (await import('./tags/tag-query.ts')).tagQuery,
  oprf: async () => (await import('./primitives/oprf.ts')).oprf,
  ot: async () => (await import('./primitives/ot.ts')).ot,
};
