/**
 * The last words of a job but one: each party says how far its audit log is, and what it remembers of the other's.
 *
 *   both   AuditHeads (own, known) <-------------------------> AuditHeads (own, known)
 *
 * A log that was cut, or put back to an older copy, is then known to both: its owner is told of entries that it has
 * no more, and its peer sees it shorter than it was.
 */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { toHex } from '../../base/bytes.ts';
import { SottoError } from '../../base/errors.ts';
import type { Channel } from '../../channel/channel.ts';
import {
  type AuditHead,
  type AuditHeadSchema,
  AuditHeadsSchema,
} from '../../gen/sotto/job/v1/audit_pb.ts';
import type { PeerHead } from './check.ts';
import type { AuditLog } from './log.ts';

const MOST_BYTES = 256;
const HASH_BYTES = 32;
/** A number of jobs; so that a peer cannot make ours too large to count on. */
const MOST_EXCHANGES = 2 ** 48;

/** Exchanges, compares, and notes both. What does not fit is noted and does not fail the job. */
export async function exchangeHeads(
  audit: AuditLog,
  channel: Channel,
  { job, peer }: { readonly job: string; readonly peer: string },
): Promise<{ readonly differs: 'own' | 'peer' | undefined }> {
  const ownHead = audit.head.hash;
  const remembered = audit.remembered(peer);
  const { exchanges } = remembered;
  const own = encode({ exchanges, hash: ownHead });
  await channel.send(AuditHeadsSchema, { own, known: encode(remembered) });
  const heard = await channel.receive(AuditHeadsSchema, MOST_BYTES);
  const theirs = decode(heard.own);
  const known = decode(heard.known);
  let differs: 'own' | 'peer' | undefined;
  // One apart: a process may be killed when only its peer has noted the exchange.
  if (theirs.exchanges + 1 < exchanges) {
    differs = 'peer';
    const found = theirs.exchanges;
    audit.note({
      event: 'history-differs',
      job,
      peer,
      whose: 'peer',
      remembered: exchanges,
      found,
    });
  }
  if (!audit.has(known)) {
    differs = 'own';
    const facts = { remembered: known.exchanges, found: exchanges };
    audit.note({ event: 'history-differs', job, peer, whose: 'own', ...facts });
  }
  const exchange = Math.max(exchanges, theirs.exchanges) + 1;
  audit.note({ event: 'heads-exchanged', job, peer, exchange, peerHead: theirs.hash, ownHead });
  return { differs };
}

const encode = ({ exchanges, hash }: PeerHead): MessageInitShape<typeof AuditHeadSchema> => ({
  exchanges: BigInt(exchanges),
  hash: Uint8Array.from(Buffer.from(hash, 'hex')),
});

/** @throws protocol-violation: what a peer says goes into our own log. */
function decode(head: AuditHead | undefined): PeerHead {
  const exchanges = Number(head?.exchanges ?? -1n);
  if (head?.hash.length !== HASH_BYTES || !(exchanges < MOST_EXCHANGES)) {
    throw new SottoError('protocol-violation', "a head of the peer's audit log is none", {
      expected: HASH_BYTES,
      received: head?.hash.length ?? 0,
    });
  }
  return { exchanges, hash: toHex(head.hash) };
}
