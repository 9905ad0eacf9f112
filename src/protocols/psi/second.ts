/** The role that waits for the other's points before it sends its own. */
import { randomScalar } from '../../primitives/group/index.ts';
import type { Party, Run } from '../party.ts';
import { hearFingerprints, hearPoints, sayFingerprints, sayPoints, Workshop } from './batches.ts';
import { drawOrder } from './elements.ts';
import { confirm, match } from './matching.ts';
import { type AlignInput, type AlignResult, exchangeSizes } from './setup.ts';

/** Learns which rows the peer holds too. Errors as for `alignFirst`. */
export async function* alignSecond(party: Party, input: AlignInput): Run<AlignResult> {
  const { channel, random } = party;
  const sizes = await exchangeSizes(channel, 'second', input);
  const order = drawOrder(input.ids.length, random);
  using key = randomScalar(random);
  using workshop = new Workshop(party, key);

  const blinded = workshop.blind(input, order); // meanwhile
  const peer = yield* hearPoints(channel, workshop, sizes.peer, sizes.width);
  yield* sayPoints(channel, blinded);
  await sayFingerprints(channel, peer, sizes.width);
  const own = await hearFingerprints(channel, sizes.own, sizes.width);

  const { rows } = await confirm(channel, 'second', input, match(own, peer, order, input));
  return { rows, peerIds: sizes.peerIds };
}
