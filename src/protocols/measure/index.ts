/**
 * How many ids of each cohort does the other party hold, and what do their values add up to? Ids are matched as in
 * private set intersection; values are summed under encryption by the party that has the cohorts (the shape of
 * private intersection-sum: Ion et al. 2019, "On deploying secure computing: Private Intersection-Sum-with-
 * Cardinality"); what is opened carries noise of both parties.
 *
 *   passive (ids in cohorts, key d)                      active (ids with values, keys b and s)
 *     |  MeasureSizes          cohort by cohort               |
 *     |------------------------------------------------------>|
 *     |  MeasureSizes          how many ids                   |
 *     |<------------------------------------------------------|
 *     |  AlignPoints...        H(x)^d, shuffled in a cohort   |  ids x and K dummies for each cohort
 *     |------------------------------------------------------>|
 *     |  MeasureKey            public key of s                |
 *     |<------------------------------------------------------|
 *     |  AlignPoints...        H(y)^b, shuffled               |  ids y, k_g of the dummies of each
 *     |<------------------------------------------------------|  cohort g, and as many others as left out
 *     |  MeasureValues...      Enc_s(v), in the same order    |
 *     |<------------------------------------------------------|
 *     |  AlignFingerprints...  trunc(H(x)^db), each cohort's  |
 *     |                        sorted                         |
 *     |<------------------------------------------------------|
 *   trunc(H(y)^bd): who of y is in which cohort, by place     |
 *     |  MeasureSums...        Enc_s(sums + noise), a cohort  |
 *     |                        each                           |
 *     |------------------------------------------------------>|
 *     |  MeasureTable          sums with the noise of both,   |
 *     |<------------------------------------------------------|  where they are not too few
 *
 * What each learns. Passive: how many ids active holds; how many of each cohort match, hidden by k_g, drawn so that
 * one match more or less is (epsilon, 1e-6)-indistinguishable; the table. Active: how many ids each cohort has; the
 * sums with passive's noise alone, also of rows that it then withholds; the table. Noise that a party knows protects
 * nothing against it, so each adds its own: active's hides single values from passive, passive's single members from
 * active. Passive sees neither which of its ids matched (fingerprints are sorted) nor any value.
 *
 * A passive party that pads a cohort of one person with invented ids learns of that person what the noise lets
 * through: epsilon. Semi-honest: a passive party that blinds dummies under another key than ids can tell the two
 * apart and sees exact counts of matches; an active one that brings values beyond the agreed range escapes passive's
 * noise. Dummies double as a check: a column that counts them must come out exact, or elements were dropped.
 */
export { activeMeasure } from './active.ts';
export { dummiesPerCohort } from './dummies.ts';
export { passiveMeasure } from './passive.ts';
export type { ActiveMeasureInput, MeasureTerms, PassiveMeasureInput, SumColumn } from './shape.ts';
export type { MeasuredCohort } from './table.ts';
