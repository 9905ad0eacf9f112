/** The disk, the network and the vault of a worker, with one fault somewhere: nothing in src knows of it. */
import type { Bytes } from '../../src/base/bytes.ts';
import { type Place, Vault } from '../../src/base/sealed.ts';
import type { Secret } from '../../src/base/secret.ts';
import type { Transport } from '../../src/channel/transport.ts';
import type { Disk, GrowingFile, Peers } from '../../src/jobs/index.ts';

/** Around the n-th step that a worker keeps. */
export const MOMENTS = ['before journal', 'after journal', 'after send', 'after ack'] as const;
/** At an answer of a worker's gate: debited and not yet kept, or kept and not yet given. */
export const GATE_MOMENTS = ['after debit', 'after answer'] as const;
export type Moment = (typeof MOMENTS)[number] | (typeof GATE_MOMENTS)[number];

/** Where it happens; what happens is up to whoever waits for it. */
export interface Point {
  readonly moment: Moment;
  /** Counted from 1, in the order in which this worker keeps them. */
  readonly step: number;
}

/**
 * Calls `reached` once, at the point: before the step's record is on the medium, after it, after the
 * first frame that is sent afterwards, or after the first that is heard; or at the first answer of the gate.
 */
export class Watch {
  readonly #point: Point | undefined;
  readonly #reached: () => Promise<void>;
  #steps = 0;
  #due: 'send' | 'ack' | undefined;

  constructor(point: Point | undefined, reached: () => Promise<void>) {
    this.#point = point;
    this.#reached = reached;
  }

  /** A disk that keeps nothing that was not synced: what a crash leaves is what was acknowledged. */
  disk(real: Disk): Disk {
    return { ...real, open: async (path) => this.#file(await real.open(path)) };
  }

  #file(file: GrowingFile): GrowingFile {
    const unsynced: (() => Promise<unknown>)[] = [];
    return {
      ...file,
      async write(bytes, position) {
        const copy = Uint8Array.from(bytes);
        unsynced.push(() => file.write(copy, position));
        return bytes.length;
      },
      async truncate(length) {
        unsynced.push(() => file.truncate(length));
      },
      sync: async () => {
        this.#steps += 1;
        const moment = this.#steps === this.#point?.step ? this.#point.moment : undefined;
        if (moment === 'before journal') await this.#reached();
        for (const change of unsynced.splice(0)) await change();
        await file.sync();
        if (moment === 'after journal') await this.#reached();
        if (moment === 'after send') this.#due = 'send';
        if (moment === 'after ack') this.#due = 'ack';
      },
    };
  }

  /** An answer is sealed right after its debit, and opened as soon as it is kept. */
  vault(key: Secret): Vault {
    const reach = (moment: Moment, { purpose }: Place): void => {
      if (purpose !== 'answer' || moment !== this.#point?.moment || this.#answered) return;
      this.#answered = true;
      void this.#reached();
    };
    return new (class extends Vault {
      override seal(record: Uint8Array, place: Place): Bytes {
        reach('after debit', place);
        return super.seal(record, place);
      }

      override open(sealed: Uint8Array, place: Place): Bytes {
        reach('after answer', place);
        return super.open(sealed, place);
      }
    })(key);
  }
  #answered = false;

  peers(real: Peers): Peers {
    return {
      open: async (peer, signal) => this.#transport(await real.open(peer, signal)),
      serve: (handler) =>
        real.serve((peer, transport) => handler(peer, this.#transport(transport))),
    };
  }

  #transport(real: Transport): Transport {
    const reach = async (what: 'send' | 'ack'): Promise<void> => {
      if (this.#due !== what) return;
      this.#due = undefined;
      await this.#reached();
    };
    return {
      write: async (frame) => {
        await real.write(frame);
        await reach('send');
      },
      read: async () => {
        const frame = await real.read();
        await reach('ack');
        return frame;
      },
      close: () => real.close(),
    };
  }
}
