/**
 * Which rows do both parties hold? Private set intersection from Diffie-Hellman (Meadows 1986;
 * Huberman, Franklin, Hogg 1999) in ristretto255. Both learn the common ids and the two set sizes,
 * and nothing of the others; the common rows come in the same order on both sides.
 *
 *   first (ids x, key a)                                 second (ids y, key b)
 *     |  AlignSize          how many x                        |
 *     |------------------------------------------------------>|
 *     |  AlignSize          how many y                        |
 *     |<------------------------------------------------------|
 *     |  AlignPoints...     H(x)^a, shuffled                  |
 *     |------------------------------------------------------>|
 *     |  AlignPoints...     H(y)^b, shuffled                  |
 *     |<------------------------------------------------------|
 *     |  AlignFingerprints  trunc(H(x)^ab), as they came      |
 *     |<------------------------------------------------------|
 *     |  AlignFingerprints  trunc(H(y)^ab), as they came      |
 *     |------------------------------------------------------>|
 *     |  AlignConfirmation  hash of the common fingerprints   |
 *     |<----------------------------------------------------->|
 *
 * The order is part of the defence. Second speaks only when it has heard all points of first, and
 * first sends fingerprints only when it has all of its own: so neither can answer with points and
 * fingerprints made from the other's own, which would make every id seem common.
 *
 * Each list holds 32 canaries besides the ids: elements that both can derive, and that the other
 * side cannot tell from ids as long as they are shuffled and blinded. All of them must match.
 */
export { alignFirst } from './first.ts';
export { alignSecond } from './second.ts';
export type { AlignInput, AlignResult } from './setup.ts';
