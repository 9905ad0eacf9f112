/** What nearly all time of an encrypted product goes into: a plaintext times a ciphertext, added up. */
import { fieldOf, N } from '../../src/kernels/field.ts';
import { accumulate, cipherSlot, load, plainSlot, work } from '../../src/kernels/ring.ts';
import { type Ring, ready, ringOf } from '../../src/primitives/he/index.ts';
import { innerProduct } from '../../src/primitives/he/reply.ts';
import { randomResidues } from '../../test/support/ring.ts';
import { withBench } from '../../test/support/seal.ts';
import { type BenchOptions, costRow, type Row, race } from '../harness.ts';

/** As many as stay in a sum before it is reduced, and in a 2 MiB cache. */
const TERMS = 32;
/** Outputs that share the ciphertexts of one call, as in a training. */
const OUTPUTS = 8;
const GOAL = { ratioAtLeast: 15 };

/** Microseconds a term. SEAL has its operands in its own memory already, and so does the bare kernel. */
export async function* multiplyAccumulate({
  quick,
}: BenchOptions): AsyncGenerator<Row, void, void> {
  await ready();
  const rounds = quick ? 5 : 15;
  for (const bits of [[28], [28, 28]]) {
    const times = await measure(ringOf(bits), rounds);
    const width = bits.length === 1 ? '28 bits' : `${bits.length} x 28 bits`;
    const name = `he: multiply-accumulate, N = ${N}, ${width}`;
    const baseline = { name: "node-seal's multiplyPlain + add", value: times.seal };
    yield { ...costRow(`${name}, kernel`, 'us', times.kernel, baseline, rounds), goal: GOAL };
    const whole = `${name}, with copies, zero, rounding and packing`;
    yield costRow(whole, 'us', times.whole, baseline, rounds);
  }
}

async function measure(ring: Ring, rounds: number) {
  const limbs = ring.primes.length;
  const words = limbs * N;
  const operands = (count: number, seed: number) => randomResidues(ring.primes, count, seed);
  const plain = operands(OUTPUTS * TERMS, 1);
  const [cipher0, cipher1] = [operands(TERMS, 2), operands(TERMS, 3)];
  const [zero0, zero1] = [operands(OUTPUTS, 4), operands(OUTPUTS, 5)];
  const input = { plain, cipher0, cipher1, zero0, zero1, terms: TERMS, count: OUTPUTS };

  const kernel = (): void => {
    for (const prime of ring.primes) accumulate(work[0]!, work[1]!, TERMS, fieldOf(prime));
  };
  const whole = (): void => {
    innerProduct({ ...input, ring, dropBits: 8, keep: 'constant' });
  };
  const fillSlots = (): void => {
    for (let term = 0; term < TERMS; term++) {
      load(plainSlot(term), plain, term * limbs);
      load(cipherSlot(0, term), cipher0, term * limbs);
      load(cipherSlot(1, term), cipher1, term * limbs);
    }
  };
  // The objects of SEAL live as long as the race.
  const sealed = withBench(ring, ({ seal, context, ciphertext, plaintext }) => {
    const part = (all: Uint32Array, term: number) => all.slice(term * words, (term + 1) * words);
    const terms = Array.from({ length: TERMS }, (_, term) => ({
      factor: plaintext(part(plain, term)),
      cipher: ciphertext(part(cipher0, term), part(cipher1, term)),
    }));
    const evaluator = new seal.Evaluator(context.seal);
    const sum = ciphertext(part(zero0, 0), part(zero1, 0));
    const product = new seal.Ciphertext();
    return {
      run: (): void => {
        for (const { factor, cipher } of terms) {
          evaluator.multiplyPlain(cipher, factor, product);
          evaluator.addInplace(sum, product);
        }
      },
      [Symbol.dispose](): void {
        for (const { factor, cipher } of terms) {
          factor.delete();
          cipher.delete();
        }
        for (const one of [evaluator, sum, product]) one.delete();
      },
    };
  });
  using _ = sealed;
  fillSlots();
  await race([kernel, whole, sealed.run], { rounds: 3, calls: 3 }); // until V8 has compiled all for speed
  const times = await race([kernel, whole, sealed.run], {
    rounds,
    calls: 'even',
    clock: 'thread',
  });
  const [kernelMs, wholeMs, sealMs] = times;
  const microseconds = (ms: number, terms: number): number => (1000 * ms) / terms;
  return {
    kernel: microseconds(kernelMs, TERMS),
    seal: microseconds(sealMs, TERMS),
    whole: microseconds(wholeMs, TERMS * OUTPUTS),
  };
}
