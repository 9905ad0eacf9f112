/** Where everything of a batch lies, in one piece, so that one fill wipes it. */

/** Bytes of an element (two lanes of 5 limbs) and of a point (X, Y, Z, T). */
export const ELEMENT: usize = 80;
export const POINT: usize = 4 * ELEMENT;
/** Most points in a call; two are worked on at once, and all share one inversion. */
export const MOST: usize = 128;

/** Bytes of a recoded scalar, and of all prepared multiples of one pair of points. */
export const DIGITS_BYTES: usize = 64;
export const TABLE: usize = 16 * POINT;

/** What the addresses below add up to. */
const SIZE: usize = 68608;
const ARENA: usize = memory.data(68608, 64);

/** Digits of the scalar of each lane. */
export const DIGITS: usize = ARENA;
/** 32-byte scalars, one a point or one for all. */
export const SCALARS: usize = ARENA + 2 * DIGITS_BYTES;
/** 64 bytes a point on the way in, 32 on the way out (which may be where they came in). */
export const INPUT: usize = SCALARS + 32 * MOST;
export const OUTPUT: usize = INPUT + 64 * MOST;
/** What was said of each encoding, of which an input may have two: see `VERDICT` in the typed face. */
export const VERDICTS: usize = OUTPUT + 32 * MOST;
/** Scratch elements of field towers and of point formulas, 16 of each. */
export const ROOTS: usize = VERDICTS + 2 * MOST;
export const TEMPORARIES: usize = ROOTS + 16 * ELEMENT;
/** Points and elements of one pair, 8 points. */
export const PAIR: usize = TEMPORARIES + 16 * ELEMENT;
/** 16 prepared multiples, the one that was chosen, and one that is on its way. */
export const MULTIPLES: usize = PAIR + 8 * POINT;
export const CHOSEN: usize = MULTIPLES + TABLE;
export const RUNNING: usize = CHOSEN + POINT;
/** 8 elements a pair: see halved.ts. */
export const HALVED: usize = RUNNING + POINT;

/** Multiples and digits of what is summed up, for all pairs at once. They are public, and not wiped. */
const SUMS: usize = memory.data(336192, 64);
export const SUM_TABLES: usize = SUMS;
export const SUM_DIGITS: usize = SUMS + (MOST / 2) * TABLE;
/** What was summed up so far, in each lane. */
export const TOTAL: usize = SUM_DIGITS + MOST * DIGITS_BYTES;

export function wipe(): void {
  memory.fill(ARENA, 0, SIZE);
}
