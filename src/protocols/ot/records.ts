/** One of n records: the receiver says log n bits that are uniform, the sender all records, sealed. */
import { OtRecordChoiceSchema, OtRecordsSchema } from '../../gen/sotto/protocol/v1/ot_pb.ts';
import { type RecordSet, transfersFor } from '../../primitives/ot/index.ts';
import type { Party } from '../party.ts';
import type { ChosenPads, PadPairs } from './supply.ts';

const ENVELOPE_BYTES = 16;

/** Answers one choice among the records, which lie back to back, by log n fresh transfers. */
export async function sendRecord(
  { channel, compute, signal }: Party,
  pads: PadPairs,
  set: RecordSet & { readonly records: Uint8Array },
): Promise<void> {
  const bits = transfersFor(set);
  const atMost = Math.ceil(bits / 8) + ENVELOPE_BYTES;
  const { corrections } = await channel.receive(OtRecordChoiceSchema, atMost);
  const input = { ...set, ...pads.take(bits), corrections };
  await channel.send(OtRecordsSchema, await compute.run('otSealRecords', input, { signal }));
}

/** The record of number `index`; the sender does not learn which that is. */
export async function receiveRecord(
  { channel, compute, signal }: Party,
  pads: ChosenPads,
  wanted: RecordSet & { readonly index: number },
): Promise<Uint8Array> {
  const { choices, chosen } = pads.take(transfersFor(wanted));
  const said = await compute.run('otCorrections', { ...wanted, choices }, { signal });
  await channel.send(OtRecordChoiceSchema, said);
  const atMost = wanted.count * wanted.width + ENVELOPE_BYTES;
  const { sealed } = await channel.receive(OtRecordsSchema, atMost);
  const { record } = await compute.run('otOpenRecord', { ...wanted, chosen, sealed }, { signal });
  return record;
}
