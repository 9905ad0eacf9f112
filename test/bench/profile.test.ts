import { expect, test } from 'vitest';
import { networkShare } from '../../benchmarks/scenarios/profile.ts';

/** Frames as [function, file], each with what it calls. */
interface Frame {
  readonly name: string;
  readonly url?: string;
  readonly samples?: number;
  readonly calls?: readonly Frame[];
}

function profileOf(roots: readonly Frame[]) {
  const nodes: { id: number; callFrame: object; children: number[] }[] = [];
  const samples: number[] = [];
  const add = ({ name, url = '', samples: times = 0, calls = [] }: Frame): number => {
    const id = nodes.length + 1;
    const callFrame = { functionName: name, url, scriptId: '0', lineNumber: 0, columnNumber: 0 };
    const node = { id, callFrame, children: [] as number[] };
    nodes.push(node);
    for (let i = 0; i < times; i++) samples.push(id);
    node.children.push(...calls.map(add));
    return id;
  };
  add({ name: '(root)', calls: roots });
  return { nodes, samples, startTime: 0, endTime: 0 } as Parameters<typeof networkShare>[0];
}

const PROTOCOL = 'file:///sotto/src/protocols/vertical-lr/forward.ts';
const CHANNEL = 'file:///sotto/src/channel/channel.ts';

test('a sample is its innermost known frame’s: sending is the network’s, though a protocol asked for it', () => {
  const send = { name: 'send', url: CHANNEL, calls: [{ name: 'set', samples: 3 }] };
  expect(
    networkShare(profileOf([{ name: 'reply', url: PROTOCOL, samples: 1, calls: [send] }])),
  ).toBe(0.75);
});

test('native work of the loop is the network’s; idling and garbage collection are nobody’s', () => {
  const nobody = [
    { name: '(idle)', samples: 50 },
    { name: '(garbage collector)', samples: 50 },
  ];
  const own = { name: 'reply', url: PROTOCOL, samples: 1 };
  expect(networkShare(profileOf([{ name: '(program)', samples: 1 }, own, ...nobody]))).toBe(0.5);
});
