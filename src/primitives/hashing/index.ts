/** Hashing of structured input. */
export { DIGEST_BYTES, sha256 } from './sha256.ts';
