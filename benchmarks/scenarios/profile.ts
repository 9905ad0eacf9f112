/** Whose a thread's processor time is, by V8's samples of it. */
import type { Profiler } from 'node:inspector';

/** The network: gRPC, TLS, sockets, frames, messages. */
const NETWORK =
  /@grpc|@bufbuild|\/src\/(?:rpc|channel|gen)\/|node:(?:internal\/)?(?:http2|_?tls|net|stream|crypto|streams)/;
/** The protocol itself, and handing its tasks to threads. */
const OWN = /\/src\/(?:protocols|compute|primitives|math|kernels|base)\/|piscina|worker|benchmarks/;

/**
 * The network's part of a thread's busy time. A sample is its innermost frame's that belongs to either
 * side; what belongs to none (the loop's own native work, where TLS is) is the network's too, but for
 * garbage collection, which is left out: so it is rather too much than too little.
 */
export function networkShare({ nodes, samples = [] }: Profiler.Profile): number {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((c) => [c, id])));
  const counts = { network: 0, own: 0 };
  const sides = new Map<number, 'network' | 'own' | undefined>();
  const sideOf = (leaf: number): 'network' | 'own' | undefined => {
    const name = byId.get(leaf)?.callFrame.functionName;
    if (name === '(idle)' || name === '(garbage collector)') return undefined;
    for (let id: number | undefined = leaf; id !== undefined; id = parents.get(id)) {
      const url = byId.get(id)?.callFrame.url ?? '';
      if (NETWORK.test(url)) return 'network';
      if (OWN.test(url)) return 'own';
    }
    return 'network';
  };
  for (const sample of samples) {
    if (!sides.has(sample)) sides.set(sample, sideOf(sample));
    const side = sides.get(sample);
    if (side !== undefined) counts[side] += 1;
  }
  return counts.network / Math.max(1, counts.network + counts.own);
}
