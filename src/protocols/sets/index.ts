/**
 * How many elements do two sets share, and which of one's own are better left out? Private set
 * intersection from Diffie-Hellman as in `psi`, of which one party alone sees matches, and sees them
 * only as places in a list that the other has shuffled (the cardinality of Agrawal, Evfimievski and
 * Srikant, SIGMOD 2003; De Cristofaro, Gasti and Tsudik, CANS 2012).
 *
 *   asker (ids x, key d)                                 comparer (ids y, key b)
 *     |  SetSizes            how many x, and their name       |
 *     |------------------------------------------------------>|
 *     |  SetSizes            how many y, and their name       |
 *     |<------------------------------------------------------|
 *     |  AlignPoints...      H(x)^d, shuffled                 |   for each pair of lists:
 *     |------------------------------------------------------>|
 *     |  AlignPoints...      H(y)^b, shuffled                 |
 *     |<------------------------------------------------------|
 *     |  AlignFingerprints   trunc(H(y)^bd), sorted           |
 *     |------------------------------------------------------>|
 *     |  CanaryPlaces        half of the canaries among x     |
 *     |------------------------------------------------------>|
 *     |  ExcludeBitmap, or ReleasedCounts after the last pair |
 *     |<------------------------------------------------------|
 *
 * Sorted fingerprints do not say which y they belong to, so the comparer learns how many of its
 * elements are among x and, by place, that some blinded x matched; never whom. The asker learns the
 * last message. Each pair of lists has fresh keys and another session: elements of two pairs cannot be
 * recognised, so that nothing is learnt of triple overlaps.
 *
 * Both lists hold 64 canaries. The asker names the places of 32 before the comparer answers: all must
 * match, or the comparer's list was not treated as it should be. The other 32 it keeps: in a bitmap all
 * of them must be set. A list that was chosen by a condition is padded to a public class of sizes with
 * names drawn at random, and a list that counts with noise holds dummies (`list.ts`).
 */
export { type CountInput, type CountResult, countAsker, countComparer } from './count.ts';
export {
  type ExcludeAskerResult,
  type ExcludeComparerResult,
  type ExcludeInput,
  excludeAsker,
  excludeComparer,
} from './exclude.ts';
export { type OwnList, sizeClass, sizeOf } from './list.ts';
export { exchangeSizes, type PeerLists, type SetsRole } from './sizes.ts';
