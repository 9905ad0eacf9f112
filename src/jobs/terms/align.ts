/** The terms of "align", which are also the first of every job that aligns before it goes on. */
import {
  type Estimate,
  type EstimateSizes,
  NETWORK_SECONDS_PER_BYTE,
  NO_COLUMNS,
  type Terms,
} from './terms.ts';

export const ALIGNMENT: readonly string[] = [
  'how many rows the other party brings',
  'how many rows both have, and which of its own rows they are',
];

/** One hash to the group and two multiplications for each own row, and as many for the peer's, on one core. */
const SECONDS_PER_ROW = 0.0006;
/** A point each way and a fingerprint of 10 bytes for it, twice. */
const BYTES_PER_ROW = 2 * (32 + 10);

export const alignTerms: Terms = {
  parts: { active: NO_COLUMNS, passive: NO_COLUMNS },
  normalise: () => {},
  wording: () => ({ both: ALIGNMENT, active: [], passive: [] }),
  minRows: () => 1,
  estimate: (_, sizes) => alignEstimate(sizes),
};

export function alignEstimate({ rows, threads }: EstimateSizes): Estimate {
  const bytes = rows * BYTES_PER_ROW;
  return {
    bytes,
    seconds: (rows * SECONDS_PER_ROW) / threads + bytes * NETWORK_SECONDS_PER_BYTE,
    parameters: { group: 'ristretto255' },
    warnings: [],
  };
}
