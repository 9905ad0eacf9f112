/** SEAL's expansion of a seed in plain TypeScript: what the kernel's is compared with, and timed against. */
import { N } from '../../src/kernels/field.ts';

/** RFC 7693 §2.6; 64-bit words are two numbers, the lower first. */
const START = Uint32Array.of(
  ...[0xf3bcc908, 0x6a09e667, 0x84caa73b, 0xbb67ae85, 0xfe94f82b, 0x3c6ef372, 0x5f1d36f1],
  ...[0xa54ff53a, 0xade682d1, 0x510e527f, 0x2b3e6c1f, 0x9b05688c, 0xfb41bd6b, 0x1f83d9ab],
  ...[0x137e2179, 0x5be0cd19],
);
/** RFC 7693 §2.7. */
const SIGMA = [
  ...['0123456789abcdef', 'ea489fd61c02b753', 'b8c052fdae367194', '7931dcbe265a40f8'],
  ...['905724afe1bc683d', '2c6a0b834d75fe19', 'c51fed4a0763928b', 'db7ec13950f4862a'],
  ...['6fe9b308c2d714a5', 'a2847615fb9e3cd0'],
].map((row) => Array.from(row, (digit) => Number.parseInt(digit, 16)));
const BLOCK_BYTES = 4096;

/** The state of 16 words, and the message's. */
const v = new Uint32Array(32);
const m = new Uint32Array(32);

/** v[a] += v[b], or a word of the message. */
function add(a: number, words: Uint32Array, b: number): void {
  const low = v[2 * a]! + words[2 * b]!;
  v[2 * a] = low;
  v[2 * a + 1]! += words[2 * b + 1]! + (low > 0xffffffff ? 1 : 0);
}

/** v[a] = (v[a] xor v[b]) rotated to the right by 32 + bits. */
function turn(a: number, b: number, bits: number): void {
  const low = v[2 * a]! ^ v[2 * b]!;
  const high = v[2 * a + 1]! ^ v[2 * b + 1]!;
  if (bits === 0) {
    v[2 * a] = high;
    v[2 * a + 1] = low;
  } else {
    v[2 * a] = (high >>> bits) | (low << (32 - bits));
    v[2 * a + 1] = (low >>> bits) | (high << (32 - bits));
  }
}

/** Rotated to the right by less than 32 bits. */
function turnLess(a: number, b: number, bits: number): void {
  turn(a, b, 0);
  const [low, high] = [v[2 * a + 1]!, v[2 * a]!];
  v[2 * a] = (low >>> bits) | (high << (32 - bits));
  v[2 * a + 1] = (high >>> bits) | (low << (32 - bits));
}

function mix(a: number, b: number, c: number, d: number, x: number, y: number): void {
  add(a, v, b);
  add(a, m, x);
  turn(d, a, 0);
  add(c, v, d);
  turnLess(b, c, 24);
  add(a, v, b);
  add(a, m, y);
  turnLess(d, a, 16);
  add(c, v, d);
  turn(b, c, 31);
}

function compress(chain: Uint32Array, message: Uint8Array, length: number, last: number): void {
  m.fill(0);
  m.set(new Uint32Array(Uint8Array.from(message).buffer));
  v.set(chain);
  v.set(START, 16);
  v[24]! ^= length;
  v[28]! ^= last;
  v[29]! ^= last;
  for (let round = 0; round < 12; round++) {
    const s = SIGMA[round % 10]!;
    mix(0, 4, 8, 12, s[0]!, s[1]!);
    mix(1, 5, 9, 13, s[2]!, s[3]!);
    mix(2, 6, 10, 14, s[4]!, s[5]!);
    mix(3, 7, 11, 15, s[6]!, s[7]!);
    mix(0, 5, 10, 15, s[8]!, s[9]!);
    mix(1, 6, 11, 12, s[10]!, s[11]!);
    mix(2, 7, 8, 13, s[12]!, s[13]!);
    mix(3, 4, 9, 14, s[14]!, s[15]!);
  }
  for (let i = 0; i < 16; i++) chain[i]! ^= v[i]! ^ v[i + 16]!;
}

/** Blake2b of whole words, with a parameter block (RFC 7693 §2.5, blake2.net/blake2x.pdf) of these 32-bit words. */
export function blake2b(
  parameters: readonly number[],
  ...blocks: readonly Uint8Array[]
): Uint8Array {
  const chain = START.map((word, i) => word ^ (parameters[i] ?? 0));
  for (const [i, block] of blocks.entries()) {
    const last = i === blocks.length - 1;
    compress(chain, block, 128 * i + (last ? block.length : 128), last ? -1 : 0);
  }
  return new Uint8Array(chain.buffer);
}

/** Limb number `limb`, mod p, of what SEAL makes of a seed of 64 bytes. */
export function expandPlainly(seed: Uint8Array, limb: number, p: number): Uint32Array {
  const residues = new Uint32Array(N);
  for (let block = 0, at = 0; block < 8; block++) {
    const counter = Uint8Array.of(8 * limb + block, 0, 0, 0, 0, 0, 0, 0);
    const root = blake2b(
      [64 | (64 << 8) | (1 << 16) | (1 << 24), 0, 0, BLOCK_BYTES],
      seed,
      counter,
    );
    for (let node = 0; node < BLOCK_BYTES / 64; node++) {
      const words = new Uint32Array(blake2b([64, 64, node, BLOCK_BYTES, 64 << 8], root).buffer);
      for (let i = 0; i < 16; i += 2) {
        const upper = ((words[i + 1]! % p) * 2 ** 16) % p;
        residues[at++] = (upper * 2 ** 16 + words[i]!) % p;
      }
    }
  }
  return residues;
}
