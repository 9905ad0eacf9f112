/**
 * SEAL's uncompressed layout. Every object is a constant prefix (header, parameters' id, sizes), residues
 * as 64-bit words, and for seeded forms a constant prefix of the generator and its 64-byte seed.
 * Prefixes are taken from objects made here: nothing of a peer's but checked residues and seeds reaches SEAL.
 */
import { equalBytes } from '../../base/bytes.ts';
import { SottoError } from '../../base/errors.ts';

export const SEED_BYTES = 64;
/** Header (16) and kind (1) of the generator, before its seed. */
const GENERATOR_BYTES = 17;

export interface Envelope {
  readonly prefix: Uint8Array;
  /** 64-bit words between prefix and suffix. */
  readonly words: number;
  /** Empty for objects without a seed. */
  readonly generator: Uint8Array;
}

/** The envelope of an object as SEAL saved it, known to hold so many words. */
export function envelopeOf(saved: Uint8Array, words: number, form: 'full' | 'seeded'): Envelope {
  const tail = form === 'seeded' ? GENERATOR_BYTES + SEED_BYTES : 0;
  const start = saved.length - tail - 8 * words;
  const body = start + 8 * words;
  if (start <= 0) throw unexpected();
  return {
    prefix: saved.slice(0, start),
    words,
    generator: saved.slice(body, form === 'seeded' ? body + GENERATOR_BYTES : body),
  };
}

/** An object of SEAL's from residues (and a seed). The caller wipes it where it is secret. */
export function fill(
  { prefix, words, generator }: Envelope,
  residues: Uint32Array,
  seed?: Uint8Array,
): Uint8Array {
  const body = prefix.length + 8 * words;
  const saved = new Uint8Array(body + generator.length + (seed?.length ?? 0));
  saved.set(prefix);
  const view = new DataView(saved.buffer, prefix.length);
  for (let i = 0; i < words; i++) view.setUint32(8 * i, residues[i]!, true);
  saved.set(generator, body);
  if (seed) saved.set(seed, body + generator.length);
  return saved;
}

/** Residues (and the seed) of an object that SEAL saved, which must lie in this envelope. */
export function open(
  { prefix, words, generator }: Envelope,
  saved: Uint8Array,
): { residues: Uint32Array<ArrayBuffer>; seed: Uint8Array<ArrayBuffer> } {
  const body = prefix.length + 8 * words;
  const tail = saved.subarray(body, body + generator.length);
  const seedBytes = generator.length > 0 ? SEED_BYTES : 0;
  const exact =
    saved.length === body + generator.length + seedBytes &&
    equalBytes(saved.subarray(0, prefix.length), prefix) &&
    equalBytes(tail, generator);
  if (!exact) throw unexpected();
  const view = new DataView(saved.buffer, saved.byteOffset + prefix.length);
  const residues = new Uint32Array(words);
  for (let i = 0; i < words; i++) residues[i] = view.getUint32(8 * i, true);
  return { residues, seed: saved.slice(body + generator.length) };
}

const unexpected = () => new SottoError('internal', 'the encryption library failed');
