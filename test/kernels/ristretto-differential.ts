/**
 * The kernel against libsodium on random input: `node test/kernels/ristretto-differential.ts [cases] [seed]`.
 * The suite runs a short form; 100,000 cases take about a minute.
 */
import {
  check,
  derive,
  deriveAndMultiply,
  multiply,
  VERDICT,
} from '../../src/kernels/ristretto.ts';
import { seededRandom } from '../support/random.ts';
import { items, libsodium } from '../support/ristretto.ts';

/** Cases that share a scalar; odd, and more than a call of the kernel takes. */
const BATCH = 501;

interface Differences {
  readonly cases: number;
  readonly elements: number;
  readonly multiples: number;
  readonly blinded: number;
  /** Random even strings below 2^255 on whose validity the two disagree, and how many were valid. */
  readonly verdicts: number;
  readonly valid: number;
}

/** How many items of two batches differ. */
function different(ours: Uint8Array, theirs: Uint8Array): number {
  const expected = items(theirs);
  return items(ours).filter((item, i) => Buffer.compare(item, expected[i]!) !== 0).length;
}

/** Each case is a uniform string, its element, a multiple of it, and another string that may be an encoding. */
export async function differences(cases: number, seed: string): Promise<Differences> {
  const sodium = await libsodium();
  const random = seededRandom(`ristretto ${seed}`);
  const found = { cases: 0, elements: 0, multiples: 0, blinded: 0, verdicts: 0, valid: 0 };
  while (found.cases < cases) {
    const size = Math.min(BATCH, cases - found.cases);
    const uniform = random.bytes(64 * size);
    const scalar = random.bytes(32);
    scalar[31]! &= 0x0f;
    const elements = derive(uniform);
    const products = sodium.multiply(scalar, elements);
    found.elements += different(elements, sodium.derive(uniform));
    found.multiples += different(multiply(scalar, elements).products, products);
    found.blinded += different(deriveAndMultiply(scalar, uniform), products);
    const strings = random.bytes(32 * size);
    for (const string of items(strings)) {
      string[0]! &= 0xfe;
      string[31]! &= 0x7f;
    }
    const verdicts = check(strings);
    items(strings).forEach((string, i) => {
      const valid = sodium.isElement(string);
      if (valid !== (verdicts[i] !== VERDICT.neither)) found.verdicts += 1;
      if (valid) found.valid += 1;
    });
    found.cases += size;
  }
  return found;
}

if (import.meta.main) {
  const [cases = '100000', seed = 'long'] = process.argv.slice(2);
  const found = await differences(Number(cases), seed);
  console.log(JSON.stringify(found));
  if (found.elements + found.multiples + found.blinded + found.verdicts > 0) process.exitCode = 1;
}
