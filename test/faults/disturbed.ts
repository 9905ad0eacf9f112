/** A network that does to chosen frames what lines, proxies and cheats do, and that can lose everything at once. */
import type { Transport } from '../../src/channel/transport.ts';

/** Of a single frame; `cut` ends the conversation instead of delivering it. */
export const FRAME_FAULTS = [
  'cut',
  'drop',
  'truncate',
  'flip',
  'repeat',
  'swap',
  'splice',
  'reflect',
  'delay',
] as const;
export type FrameFault = (typeof FRAME_FAULTS)[number];
type Sender = 'opener' | 'answerer';

/** What happens at one frame. Frames are counted over all conversations and both directions. */
export interface FrameEvent {
  readonly at: number;
  readonly fault: FrameFault;
  /** Which byte and bit a flip changes, as a share of the frame. */
  readonly place: number;
}

/** Wraps both ends of every conversation of a network, and applies each event once. */
export class Disturbance {
  readonly #events: FrameEvent[];
  readonly #seen: (frame: number) => void;
  readonly #other: readonly Uint8Array[];
  /** Every frame as it was written. */
  readonly recorded: Uint8Array[] = [];
  /** Whose frames did not arrive as they were sent: those of the party that opened a conversation, or the other's. */
  readonly damaged = new Set<Sender>();

  /**
   * @param seen is called with the number of each frame, before it is delivered.
   * @param other frames of another job, in order: what is spliced in is the one of the same number.
   */
  constructor(
    events: readonly FrameEvent[],
    seen: (frame: number) => void = () => {},
    other: readonly Uint8Array[] = [],
  ) {
    this.#events = [...events];
    this.#seen = seen;
    this.#other = other;
  }

  /** The end of the party that opens the conversation: its writes go out, its reads come in. */
  wrap(transport: Transport): Transport {
    const out = new Direction(
      this,
      'opener',
      (frame) => transport.write(frame),
      () => transport.close(),
    );
    const arrived: Uint8Array[] = [];
    const inward = new Direction(
      this,
      'answerer',
      async (frame) => void arrived.push(frame),
      () => transport.close(),
    );
    out.opposite = inward;
    inward.opposite = out;
    return {
      write: (frame) => out.pass(frame.slice()),
      read: async () => {
        while (arrived.length === 0) {
          const frame = await transport.read();
          if (frame === undefined) return undefined;
          await inward.pass(frame.slice());
        }
        return arrived.shift();
      },
      close: () => transport.close(),
    };
  }

  /** Counts a frame and says what happens to it. */
  next(frame: Uint8Array): { readonly event?: FrameEvent; readonly spliced?: Uint8Array } {
    const number = this.recorded.push(frame) - 1;
    this.#seen(number);
    const spliced = this.#other[number];
    const index = this.#events.findIndex(({ at }) => at === number);
    if (index < 0) return {};
    const [event] = this.#events.splice(index, 1);
    return { event: event!, ...(spliced === undefined ? {} : { spliced }) };
  }
}

class Direction {
  opposite: Direction | undefined;
  last: Uint8Array | undefined;
  readonly #disturbance: Disturbance;
  readonly #sender: Sender;
  readonly #deliver: (frame: Uint8Array) => Promise<void>;
  readonly #close: () => Promise<void>;
  #held: Uint8Array | undefined;

  constructor(
    disturbance: Disturbance,
    sender: Sender,
    deliver: (frame: Uint8Array) => Promise<void>,
    close: () => Promise<void>,
  ) {
    this.#disturbance = disturbance;
    this.#sender = sender;
    this.#deliver = deliver;
    this.#close = close;
  }

  async pass(frame: Uint8Array): Promise<void> {
    const { event, spliced } = this.#disturbance.next(frame);
    for (const each of await this.#changed(frame, event, spliced)) await this.#deliver(each);
    this.last = frame;
    if (this.#held !== undefined && this.#held !== frame) {
      const held = this.#held;
      this.#held = undefined;
      await this.#deliver(held);
    }
  }

  async #changed(
    frame: Uint8Array,
    event: FrameEvent | undefined,
    spliced: Uint8Array | undefined,
  ): Promise<readonly Uint8Array[]> {
    if (event !== undefined && event.fault !== 'cut' && event.fault !== 'delay') {
      this.#disturbance.damaged.add(this.#sender);
    }
    switch (event?.fault) {
      case 'cut':
        await this.#close();
        return [];
      case 'drop':
        return [];
      case 'truncate':
        return [frame.subarray(0, Math.floor(frame.length * event.place))];
      case 'flip':
        return [flippedAt(frame, event.place)];
      case 'repeat':
        return [frame, frame];
      case 'swap':
        this.#held = frame;
        return [];
      case 'splice':
        return [spliced ?? frame];
      case 'reflect':
        return [this.opposite?.last ?? frame];
      case 'delay':
        for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
        return [frame];
      default:
        return [frame];
    }
  }
}

function flippedAt(frame: Uint8Array, place: number): Uint8Array {
  const copy = frame.slice();
  const bit = Math.min(8 * copy.length - 1, Math.floor(8 * copy.length * place));
  if (copy.length > 0) copy[bit >> 3]! ^= 1 << (bit & 7);
  return copy;
}
