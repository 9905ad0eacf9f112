/** How small a set may be that something is said about. */

/** An agreement may ask for more, never for fewer. */
export const LEAST_ROWS = 50;
export const MOST_LEAST_ROWS = 1_000_000;
