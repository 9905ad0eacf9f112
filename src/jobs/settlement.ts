/** A result that both parties hold and neither can deny: the same bytes, signed by each. */
import { createHash, type KeyObject, sign, verify } from 'node:crypto';
import { type Bytes, lengthPrefixed } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import { SettlementMessageSchema } from '../gen/sotto/job/v1/measure_pb.ts';
import type { JobContext } from './role.ts';

/** Signs for this party and checks for its peer. */
export interface Signer {
  sign(bytes: Uint8Array): Bytes;
  holds(bytes: Uint8Array, signature: Uint8Array): boolean;
}

/** Ed25519 (RFC 8032), the keys of agreements. */
export const signerOf = (own: KeyObject, peer: KeyObject): Signer => ({
  sign: (bytes) => Uint8Array.from(sign(null, bytes, own)),
  holds: (bytes, signature) => signature.length === 64 && verify(null, bytes, peer, signature),
});

export interface Settled {
  readonly own: Bytes;
  readonly peer: Bytes;
}

export const SIGNATURE_BYTES = 64;

/**
 * Says one's signature and hears the peer's, under both the result and the agreement.
 * @throws SottoError verification-failed if the peer signed anything else.
 */
export async function settle(
  { party, agreementSha256, own, peer, signer }: JobContext,
  result: Uint8Array,
): Promise<Settled> {
  const digest = createHash('sha256').update(result).digest();
  const signed = (name: string): Bytes =>
    lengthPrefixed('sotto result signature', name, agreementSha256, digest);
  const signature = signer.sign(signed(own.party));
  await party.channel.send(SettlementMessageSchema, { signature });
  const heard = await party.channel.receive(SettlementMessageSchema, SIGNATURE_BYTES + 16);
  if (!signer.holds(signed(peer), heard.signature)) {
    throw new SottoError('verification-failed', 'the peer did not sign this result', { peer });
  }
  return { own: signature, peer: Uint8Array.from(heard.signature) };
}
