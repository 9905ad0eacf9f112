/** Pseudorandom bytes from short seeds. */
export { expand, keystream, SEED_BYTES } from './keystream.ts';
