/** The role that learns both pads of each transfer, and no choice. */
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
  BASE_CHOICE_COINS,
  BASE_MESSAGE_BYTES,
  CHALLENGE_BYTES,
  COLUMN_HASHES_BYTES,
  columnBytes,
  HASH_BYTES,
  KAPPA,
} from '../../primitives/ot/index.ts';
import type { Party } from '../party.ts';
import { PadPairs } from './supply.ts';

const ENVELOPE_BYTES = 32;

export interface Sender extends Disposable {
  /** Makes `count` transfers of random pads. Fails with verification-failed where the receiver cheats. */
  extend(count: number): Promise<PadPairs>;
}

/** `session`: both parties' name for it, never used for another. */
export async function openSender(party: Party, session: Uint8Array): Promise<Sender> {
  const { channel, compute, random, signal } = party;
  const delta = new Secret(random.bytes(KAPPA / 8));
  const choices = delta.bytes;
  const coins = random.bytes(BASE_CHOICE_COINS);
  const choice = await compute.run('otBaseChoose', { session, choices, coins }, { signal });
  using secrets = new Secret(choice.secrets);
  coins.fill(0);
  const { offered } = choice;
  await channel.send(OtBaseOfferSchema, { points: offered });
  const heard = await channel.receive(OtBaseAnswerSchema, BASE_MESSAGE_BYTES + ENVELOPE_BYTES);
  const opened = await compute.run(
    'otBaseOpen',
    { session, choices, secrets: secrets.bytes, offered, answered: heard.points },
    { signal },
  );
  return new OpenSender(party, session, delta, new Secret(opened.keys));
}

class OpenSender implements Sender {
  readonly #party: Party;
  readonly #session: Uint8Array;
  readonly #delta: Secret;
  readonly #keys: Secret;
  #batch = 0;
  #closed = false;

  constructor(party: Party, session: Uint8Array, delta: Secret, keys: Secret) {
    this.#party = party;
    this.#session = session;
    this.#delta = delta;
    this.#keys = keys;
  }

  async extend(count: number): Promise<PadPairs> {
    if (this.#closed) throw new SottoError('internal', 'the transfers of this session are over');
    try {
      return await this.#extend(count);
    } catch (thrown) {
      this[Symbol.dispose](); // after a failed check the receiver may know bits of delta
      throw thrown;
    }
  }

  async #extend(count: number): Promise<PadPairs> {
    const { channel, compute, random, signal } = this.#party;
    const session = this.#session;
    const delta = this.#delta.bytes;
    const batch = this.#batch++;
    const due = KAPPA * columnBytes(count);
    const heard = await channel.receive(OtCorrectionSchema, due + ENVELOPE_BYTES);
    const correlated = await compute.run(
      'otCorrelate',
      { batch, count, keys: this.#keys.bytes, delta, correction: heard.columns },
      { signal },
    );
    using columns = new Secret(correlated.columns);
    const challenge = random.bytes(CHALLENGE_BYTES);
    await channel.send(OtChallengeSchema, { key: challenge });
    const most = COLUMN_HASHES_BYTES + HASH_BYTES + ENVELOPE_BYTES;
    const answer = await channel.receive(OtColumnHashesSchema, most);
    const check = {
      columns: columns.bytes,
      delta,
      challenge,
      answer: { bits: answer.bits, columns: answer.columns },
    };
    await compute.run('otVerify', check, { signal });
    const rows = { session, batch, count, columns: columns.bytes, delta };
    return new PadPairs(await compute.run('otPadPairs', rows, { signal }));
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#delta[Symbol.dispose]();
    this.#keys[Symbol.dispose]();
  }
}
