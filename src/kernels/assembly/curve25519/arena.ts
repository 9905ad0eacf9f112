/** Where everything of a batch lies, in one piece, so that one fill wipes it. */

/** Bytes of an element (two lanes of 5 limbs) and of a point (X, Y, Z, T). */
export const ELEMENT: usize = 80;
export const POINT: usize = 4 * ELEMENT;
/** Most points in a call; two are worked on at once, and all share one inversion. */
export const MOST: usize = 128;

/** What the addresses below add up to. */
const SIZE: usize = 64384;
const ARENA: usize = memory.data(64384, 64);

/** 32-byte scalar; its digits, 51 bytes. */
export const SCALAR: usize = ARENA;
export const DIGITS: usize = ARENA + 64;
/** 64 bytes a point on the way in, 32 on the way out (which may be where they came in). */
export const INPUT: usize = ARENA + 128;
export const OUTPUT: usize = INPUT + 64 * MOST;
/** What was said of each input: see `Verdict` in the typed face. */
export const VERDICTS: usize = OUTPUT + 32 * MOST;
/** Scratch elements of field towers and of point formulas, 16 of each. */
export const ROOTS: usize = VERDICTS + MOST;
export const TEMPORARIES: usize = ROOTS + 16 * ELEMENT;
/** Points and elements of one pair, 8 points. */
export const PAIR: usize = TEMPORARIES + 16 * ELEMENT;
/** 16 prepared multiples, the one that was chosen, and one that is on its way. */
export const MULTIPLES: usize = PAIR + 8 * POINT;
export const CHOSEN: usize = MULTIPLES + 16 * POINT;
export const RUNNING: usize = CHOSEN + POINT;
/** 8 elements a pair: see halved.ts. */
export const HALVED: usize = RUNNING + POINT;
export function wipe(): void {
  memory.fill(ARENA, 0, SIZE);
}
