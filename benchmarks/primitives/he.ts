/** RLWE operations, each against the same operation by SEAL alone. */
import { fieldOf, N } from '../../src/kernels/field.ts';
import { forward, inverse, load, work } from '../../src/kernels/ring.ts';
import { heTasks, type Ring, ready, ringOf, samplers } from '../../src/primitives/he/index.ts';
import { expandBySeal } from '../../src/primitives/he/keys.ts';
import { packResidues } from '../../test/support/residues.ts';
import { randomResidues } from '../../test/support/ring.ts';
import { type Bench, withBench } from '../../test/support/seal.ts';
import { type BenchOptions, costRow, type Row, race } from '../harness.ts';
import { multiplyAccumulate } from './multiply-accumulate.ts';

/** Zeros drawn in one task. */
const ZEROS = 6;

export async function* he(options: BenchOptions): AsyncGenerator<Row, void, void> {
  yield* multiplyAccumulate(options);
  const rounds = options.quick ? 3 : 11;
  for (const bits of [[28], [28, 28]]) {
    const ring = ringOf(bits);
    const name = bits.length === 1 ? '28 bits' : `${bits.length} x 28 bits`;
    if (bits.length === 1) yield await transforms(ring, rounds);
    yield* drawing(ring, name, rounds);
    yield* replies(ring, name, rounds);
  }
}

/** One limb, there and back; SEAL's pair of calls does both components of a ciphertext. */
async function transforms(ring: Ring, rounds: number): Promise<Row> {
  await ready();
  const field = fieldOf(ring.primes[0]!);
  load(work[0]!, randomResidues(ring.primes, 1, 1), 0);
  const kernel = (): void => {
    inverse(work[0]!, field);
    forward(work[0]!, field);
  };
  using sealed = withBench(ring, ({ seal, context, ciphertext }) => {
    const [c0, c1] = [2, 3].map((seed) => randomResidues(ring.primes, 1, seed));
    const cipher = ciphertext(c0!, c1!);
    const evaluator = new seal.Evaluator(context.seal);
    return {
      run: (): void => {
        evaluator.cipherTransformFromNttInplace(cipher);
        evaluator.cipherTransformToNttInplace(cipher);
      },
      [Symbol.dispose](): void {
        cipher.delete();
        evaluator.delete();
      },
    };
  });
  const [ours, seals] = await race([kernel, sealed.run], { rounds, calls: 50 });
  const baseline = { name: "SEAL's transforms", value: (1000 * seals) / 2 };
  const name = `he: inverse and forward transform, N = ${N}, 28 bits`;
  return costRow(name, 'us', 1000 * ours, baseline, rounds);
}

/** Keys, zeros and seeds, the coins either engine's: for SEAL's, what is measured is what it takes to get at them. */
async function* drawing(
  ring: Ring,
  width: string,
  rounds: number,
): AsyncGenerator<Row, void, void> {
  const { secret, publicKey } = heTasks.generateKey({ ring });
  using bare = bareSeal(ring);
  const seeds = heTasks.encryptZeros({ ring, secret, count: ZEROS }).seeds;
  const first = seeds.subarray(0, seeds.length / ZEROS);
  const drawn = Object.entries(samplers).flatMap(([engine, sampler]) => {
    const symmetric = () => sampler.encryptZeros({ ring, secret, count: ZEROS });
    const encrypted = () => sampler.publicZeros({ ring, publicKey, count: ZEROS });
    return [
      [`key pair, ${engine}`, 1, () => sampler.generateKey({ ring }), bare.keyPair],
      [`symmetric zero, ${engine}`, ZEROS, symmetric, bare.symmetricZero],
      [`public zero, ${engine}`, ZEROS, encrypted, bare.publicZero],
    ] as const;
  });
  const pairs = [
    ...drawn,
    [
      'expanding a seed',
      ZEROS,
      () => heTasks.expandSeeds({ ring, seeds, count: ZEROS }),
      () => expandBySeal(ring, first),
    ],
  ] as const;
  for (const [what, count, ours, seals] of pairs) {
    const [own, seal] = await race([ours, seals], { rounds, calls: 2 });
    const baseline = { name: 'SEAL alone', value: seal };
    yield costRow(`he: ${what}, ${width}`, 'ms', own / count, baseline, rounds);
  }
}

/** SEAL's own calls, one object each, nothing taken out of its memory. */
function bareSeal(ring: Ring) {
  return withBench(ring, ({ seal, context }: Bench) => {
    const generator = new seal.KeyGenerator(context.seal);
    const secretKey = generator.secretKey();
    const publicKey = generator.createPublicKey();
    const encryptor = new seal.Encryptor(context.seal, publicKey, secretKey);
    const zero = new seal.Ciphertext();
    return {
      keyPair: (): void => {
        using pair = new seal.KeyGenerator(context.seal);
        using own = pair.secretKey();
        using open = pair.createPublicKeySerializable();
        void [own, open];
      },
      symmetricZero: (): void => {
        using drawn = encryptor.encryptSymmetricSerializable(context.zero);
        void drawn;
      },
      publicZero: (): void => encryptor.encryptZero(zero),
      [Symbol.dispose](): void {
        for (const one of [zero, encryptor, publicKey, secretKey, generator]) one.delete();
      },
    };
  });
}

/** What the wire and the key's owner add: no counterpart in SEAL's interface. */
async function* replies(
  ring: Ring,
  width: string,
  rounds: number,
): AsyncGenerator<Row, void, void> {
  const count = 8;
  const dropBits = ring.primes.length === 1 ? 8 : 20;
  const random = (size: number, seed: number) => randomResidues(ring.primes, size, seed);
  const { secret } = heTasks.generateKey({ ring });
  const { reply } = heTasks.innerProduct({
    ring,
    plain: random(count, 1),
    cipher0: random(1, 2),
    cipher1: random(1, 3),
    zero0: random(count, 4),
    zero1: random(count, 5),
    terms: 1,
    count,
    dropBits,
    keep: 'constant',
  });
  const residues = random(count, 6);
  const packed = packResidues({ ring, residues });
  const works = {
    'own share of a reply': () =>
      heTasks.ownShare({ ring, secret, reply, count, dropBits, take: 'all' }),
    'own share of a reply, constant only': () =>
      heTasks.ownShare({ ring, secret, reply, count, dropBits, take: 'constant' }),
    packing: () => packResidues({ ring, residues }),
    'unpacking and checking': () => heTasks.unpackResidues({ ring, packed, count }),
  };
  const times = await race(Object.values(works), { rounds, calls: 3 });
  for (const [index, what] of Object.keys(works).entries()) {
    const value = (1000 * times[index]!) / count;
    yield { name: `he: ${what}, ${width}`, value, unit: 'us', samples: rounds };
  }
}
