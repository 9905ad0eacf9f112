/** One fault at one frame of a job, at every frame in turn. */
import { FRAME_FAULTS, type FrameFault } from './disturbed.ts';
import { simulate, undisturbedRun } from './simulate.ts';
import { atOnce, count, emptyTally, spread, type Tally } from './tally.ts';

/** Runs of one process at a time: a dropped frame is a wait of seconds, which others use. */
const AT_ONCE = 8;
/** Consecutive multiples of the golden ratio fill the unit interval evenly: each frame is hit elsewhere. */
const GOLDEN = 0.618_033_988_749_895;

export interface Frames {
  readonly protocol: string;
  readonly faults?: readonly FrameFault[];
  /** Of the frames, evenly spread, if there are more. */
  readonly most?: number;
}

/** A row for each fault, over so many frames of the protocol. */
export async function everyFrame({
  protocol,
  faults = FRAME_FAULTS,
  most = Number.POSITIVE_INFINITY,
}: Frames): Promise<readonly Tally[]> {
  const { frames } = await undisturbedRun(protocol);
  const rows = faults.map((fault) => ({ fault, tally: emptyTally(fault, protocol) }));
  const places = spread(
    Array.from({ length: frames }, (_, at) => at),
    most,
  );
  const runs = places.flatMap((at) => rows.map((row) => ({ at, ...row })));
  await atOnce(AT_ONCE, runs, async ({ at, fault, tally }) => {
    const event = { at, fault, place: (at * GOLDEN) % 1 };
    const { verdict, endings } = await simulate(protocol, [event]);
    count(tally, verdict, () => `${JSON.stringify(event)}: ${JSON.stringify(endings)}`);
  });
  return rows.map(({ tally }) => tally);
}
