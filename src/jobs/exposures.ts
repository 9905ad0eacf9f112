/** What each peer may still learn of each dataset, as operators see it. */
import { create } from '@bufbuild/protobuf';
import { type Exposure, ExposureSchema } from '../gen/sotto/job/v1/job_pb.ts';
import type { Offer } from './options.ts';
import type { ReleaseGate } from './release.ts';

/** Of every pair that has an offer: by dataset, then by peer. */
export function exposuresOf(gate: ReleaseGate, offers: readonly Offer[]): Exposure[] {
  const pairs = new Map(
    offers.map(({ peer, dataset }) => [JSON.stringify([dataset, peer]), { peer, dataset }]),
  );
  return [...pairs]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { peer, dataset }]) => create(ExposureSchema, gate.exposure(peer, dataset)));
}
