/** What is encrypted and what is blinded: bytes that reach SEAL, the kernels and the group's engines. */
import { equalBytes } from '../../../src/base/bytes.ts';
import { SottoError } from '../../../src/base/errors.ts';
import {
  ready as groupReady,
  multiply,
  multiplyToFingerprints,
  POINT_BYTES,
  useEngine,
} from '../../../src/primitives/group/index.ts';
import { ready as heReady } from '../../../src/primitives/he/index.ts';
import { cleartextTasks } from '../../support/cleartext.ts';
import { seededRandom } from '../../support/random.ts';
import { ciphertextPlaces, MUTATIONS } from '../ciphertexts.ts';
import { below, mutateBytes, oneOf, type Word } from '../mutations.ts';
import type { Target } from '../target.ts';

export const ciphertexts: Target = {
  name: 'keys, ciphertexts, seeds and replies',
  weight: 200,
  async prepare() {
    await heReady();
    const places = ciphertextPlaces(cleartextTasks(seededRandom('places')));
    for (const { honest, receive } of places) receive(honest);
    return (word) => {
      const { honest, receive } = oneOf(word, places);
      receive(oneOf(word, MUTATIONS)(honest, word));
      return 'accepted';
    };
  },
};

const POINTS = 4;
const domain = 'sotto.fuzz';

/** Multiples of the base point of a run: honest elements, the same each time. */
function honestPoints(): Uint8Array {
  // RFC 9496 A.1, B[1].
  const base = 'e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76';
  const point = Uint8Array.from(Buffer.from(base, 'hex'));
  const points = new Uint8Array(POINTS * POINT_BYTES);
  for (let i = 0; i < POINTS; i++) {
    points.set(multiply({ scalar: scalarOf(i + 1), points: point }), i * POINT_BYTES);
  }
  return points;
}

const scalarOf = (value: number): Uint8Array => {
  const scalar = new Uint8Array(32);
  scalar[0] = value;
  return scalar;
};

/** 2^255 - 19 and its neighbours, zero, one, and the largest of all: where encodings cease to be canonical. */
const EDGES: readonly Uint8Array[] = [
  new Uint8Array(32),
  scalarOf(1),
  new Uint8Array(32).fill(0xff),
  ...[0xec, 0xed, 0xee].map((low) => {
    const edge = new Uint8Array(32).fill(0xff);
    edge[0] = low;
    edge[31] = 0x7f;
    return edge;
  }),
];

function mutatePoints(honest: Uint8Array, word: Word): Uint8Array {
  const points = honest.slice();
  const at = below(word, POINTS) * POINT_BYTES;
  switch (word() % 4) {
    case 0:
      points.set(oneOf(word, EDGES), at);
      return points;
    case 1:
      points[at + below(word, POINT_BYTES)]! ^= 1 << below(word, 8);
      return points;
    case 2:
      for (let i = 0; i < POINT_BYTES; i++) points[at + i] = word();
      points[at + 31]! &= 0x7f;
      return points;
  }
  return mutateBytes(honest, word);
}

/** Two engines that disagree on an element, or its multiple, would part two parties. */
const points: Target = {
  name: 'elements of the group',
  weight: 80,
  async prepare() {
    await groupReady();
    const honest = honestPoints();
    return async (word) => {
      const mutated = mutatePoints(honest, word);
      const results = [];
      for (const engine of ['libsodium', 'kernel'] as const) {
        await useEngine(engine);
        try {
          const input = { scalar: scalarOf(7), points: mutated, domain, width: 9 };
          results.push(multiplyToFingerprints(input));
        } catch (thrown) {
          if (!(thrown instanceof SottoError)) throw thrown;
          results.push(thrown);
        }
      }
      return agreed(results[0]!, results[1]!);
    };
  },
};

function agreed(one: Uint8Array | SottoError, other: Uint8Array | SottoError): 'accepted' {
  if (one instanceof SottoError && other instanceof SottoError) throw one;
  const alike = one instanceof Uint8Array && other instanceof Uint8Array && equalBytes(one, other);
  if (!alike) throw new Error('the engines disagree');
  return 'accepted';
}

export const primitiveTargets: readonly Target[] = [ciphertexts, points];
