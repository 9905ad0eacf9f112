/** The role that sends its points first. */
import { randomScalar } from '../../primitives/group/index.ts';
import type { Party, Run } from '../party.ts';
import { hearFingerprints, hearPoints, sayFingerprints, sayPoints, Workshop } from './batches.ts';
import { drawOrder } from './elements.ts';
import { confirm, match } from './matching.ts';
import { type AlignInput, type AlignResult, exchangeSizes } from './setup.ts';

/**
 * Learns which rows the peer holds too. Errors: `invalid-argument` (an id twice, or not text),
 * `parameters-rejected` with field `max_rows`, `min_rows` or `role`, `protocol-violation`,
 * `verification-failed` (canaries or confirmation), and those of the channel.
 */
export async function* alignFirst(party: Party, input: AlignInput): Run<AlignResult> {
  const { channel, random } = party;
  const sizes = await exchangeSizes(channel, 'first', input);
  const order = drawOrder(input.ids.length, random);
  using key = randomScalar(random);
  using workshop = new Workshop(party, key);

  yield* sayPoints(channel, workshop.blind(input, order));
  const peer = yield* hearPoints(channel, workshop, sizes.peer, sizes.width);
  const own = await hearFingerprints(channel, sizes.own, sizes.width);
  await sayFingerprints(channel, peer, sizes.width);

  const { rows } = await confirm(channel, 'first', input, match(own, peer, order, input));
  return { rows, peerIds: sizes.peerIds };
}
