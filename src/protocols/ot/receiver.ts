/** The role that chooses one pad of each transfer, and learns no other. */
import { SottoError } from '../../base/errors.ts';
import { Secret } from '../../base/secret.ts';
import {
  OtBaseAnswerSchema,
  OtBaseOfferSchema,
  OtChallengeSchema,
  OtColumnHashesSchema,
  OtCorrectionSchema,
} from '../../gen/sotto/protocol/v1/ot_pb.ts';
import {
  BASE_ANSWER_COINS,
  BASE_MESSAGE_BYTES,
  CHALLENGE_BYTES,
  columnBytes,
  EXTENSION_COINS,
} from '../../primitives/ot/index.ts';
import type { Party } from '../party.ts';
import { ChosenPads } from './supply.ts';

const ENVELOPE_BYTES = 32;

export interface Receiver extends Disposable {
  /** Makes `count` transfers with choices drawn at random. */
  extend(count: number): Promise<ChosenPads>;
}

/** `session`: both parties' name for it, never used for another. */
export async function openReceiver(party: Party, session: Uint8Array): Promise<Receiver> {
  const { channel, compute, random, signal } = party;
  const heard = await channel.receive(OtBaseOfferSchema, BASE_MESSAGE_BYTES + ENVELOPE_BYTES);
  const coins = random.bytes(BASE_ANSWER_COINS);
  const input = { session, offered: heard.points, coins };
  const { answered, keys } = await compute.run('otBaseAnswer', input, { signal });
  coins.fill(0);
  await channel.send(OtBaseAnswerSchema, { points: answered });
  return new OpenReceiver(party, session, new Secret(keys));
}

class OpenReceiver implements Receiver {
  readonly #party: Party;
  readonly #session: Uint8Array;
  readonly #keys: Secret;
  #batch = 0;
  #closed = false;

  constructor(party: Party, session: Uint8Array, keys: Secret) {
    this.#party = party;
    this.#session = session;
    this.#keys = keys;
  }

  async extend(count: number): Promise<ChosenPads> {
    if (this.#closed) throw new SottoError('internal', 'the transfers of this session are over');
    columnBytes(count);
    const { channel, compute, random, signal } = this.#party;
    const session = this.#session;
    const batch = this.#batch++;
    const choices = random.bytes(Math.ceil(count / 8));
    using coins = new Secret(random.bytes(EXTENSION_COINS));
    const extended = await compute.run(
      'otExtend',
      { batch, count, keys: this.#keys.bytes, choices, coins: coins.bytes },
      { signal },
    );
    using columns = new Secret(extended.columns);
    using bits = new Secret(extended.bits);
    const secrets = { columns: columns.bytes, bits: bits.bytes };
    await channel.send(OtCorrectionSchema, { columns: extended.correction });
    const { key } = await channel.receive(OtChallengeSchema, CHALLENGE_BYTES + ENVELOPE_BYTES);
    if (key.length !== CHALLENGE_BYTES) {
      throw new SottoError('protocol-violation', 'a challenge has another length', {
        expected: CHALLENGE_BYTES,
        received: key.length,
      });
    }
    const answer = await compute.run('otAnswerCheck', { ...secrets, challenge: key }, { signal });
    await channel.send(OtColumnHashesSchema, answer);
    const rows = { session, batch, count, columns: columns.bytes };
    const { chosen } = await compute.run('otPads', rows, { signal });
    return new ChosenPads({ choices, chosen });
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#keys[Symbol.dispose]();
  }
}
