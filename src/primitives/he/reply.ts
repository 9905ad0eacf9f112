/**
 * The two halves of a shared product (Boyle, Kohl, Scholl 2019: a ciphertext's phase c0 + c1 s is a
 * sharing of its message): the evaluator keeps c0', the key's owner computes c1' s.
 */
import { SottoError } from '../../base/errors.ts';
import { N } from '../../kernels/field.ts';
import {
  accumulate,
  cipherSlot,
  constantOf,
  forward,
  inverse,
  lift,
  load,
  loadTernary,
  MOST_TERMS,
  multiply,
  packedBytes,
  packWords,
  plainSlot,
  round,
  spread,
  store,
  ternaryConstant,
  unpackWords,
  wipe,
  work,
} from '../../kernels/ring.ts';
import type { HeTasks, InnerProductInput, OwnShareInput } from './api.ts';
import { type Cut, cutOf, type Fields, fieldsOf } from './parameters.ts';
import { expectLength, expectWireLength } from './residues.ts';

/** Two rings' limbs at most are joined, so two slots hold a component. */
const sums = [work[0]!, work[1]!] as const;

/**
 * Every output is re-randomised: its fresh zero enters both components before anything is kept or
 * rounded, so that c1' is one RLWE sample and tells the owner, who knows s and all c1, nothing of `plain`.
 */
export const innerProduct: HeTasks['innerProduct'] = (input) => {
  const fields = fieldsOf(input.ring);
  const cut = cutOf(input.ring, input.dropBits);
  const count = checkLengths(input, fields);
  const c0 = input.zero0.slice();
  const c1 = input.zero1.slice();
  for (const [limb, field] of fields.data.entries()) {
    const most = Math.min(MOST_TERMS, field.lazyTerms);
    for (let from = 0; from < input.terms; from += most) {
      const to = Math.min(from + most, input.terms);
      addTerms(input, fields, { limb, from, to, count }, c0, c1);
    }
  }
  const reply = new Uint8Array(count * packedBytes(cut.width));
  for (let output = 0; output < count; output++) {
    packReply(c1, output, fields, input.dropBits, cut, reply);
  }
  return { kept: keep(c0, count, fields, input.keep), reply };
};

function checkLengths(input: InnerProductInput, { words }: Fields): number {
  const { terms, count = 1 } = input;
  if (!Number.isInteger(terms) || terms < 1 || !Number.isInteger(count) || count < 1) {
    throw new SottoError('invalid-argument', 'terms and count are positive', { terms, count });
  }
  const shared = input.cipher0.length === terms * words;
  expectLength('plain', input.plain.length, count * terms * words);
  expectLength('cipher0', input.cipher0.length, (shared ? 1 : count) * terms * words);
  expectLength('cipher1', input.cipher1.length, input.cipher0.length);
  expectLength('zero0', input.zero0.length, count * words);
  expectLength('zero1', input.zero1.length, count * words);
  return count;
}

/** The terms `from`..`to` of one limb of every output, as many as one unreduced sum may have. */
interface Stretch {
  readonly limb: number;
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

function addTerms(
  input: InnerProductInput,
  { data }: Fields,
  { limb, from, to, count }: Stretch,
  c0: Uint32Array,
  c1: Uint32Array,
): void {
  const limbs = data.length;
  const shared = input.cipher0.length * count === input.plain.length;
  for (let output = 0; output < count; output++) {
    for (let term = from; term < to; term++) {
      const own = (output * input.terms + term) * limbs + limb;
      load(plainSlot(term - from), input.plain, own);
      if (shared && output > 0) continue; // the ciphertexts lie there already
      const cipher = shared ? term * limbs + limb : own;
      load(cipherSlot(0, term - from), input.cipher0, cipher);
      load(cipherSlot(1, term - from), input.cipher1, cipher);
    }
    const place = output * limbs + limb;
    load(sums[0], c0, place);
    load(sums[1], c1, place);
    accumulate(sums[0], sums[1], to - from, data[limb]!);
    store(sums[0], c0, place);
    store(sums[1], c1, place);
  }
}

function packReply(
  c1: Uint32Array,
  output: number,
  { data }: Fields,
  dropBits: number,
  { width }: Cut,
  reply: Uint8Array,
): void {
  for (const [limb, field] of data.entries()) {
    load(sums[limb]!, c1, output * data.length + limb);
    inverse(sums[limb]!, field);
  }
  round(sums, data, dropBits);
  packWords(width, reply, output * packedBytes(width));
}

function keep(c0: Uint32Array, count: number, { data }: Fields, what: 'all' | 'constant') {
  const limbs = count * data.length;
  const kept = what === 'all' ? c0 : new Uint32Array(limbs);
  for (let limb = 0; limb < limbs; limb++) {
    const field = data[limb % data.length]!;
    load(sums[0], c0, limb);
    if (what === 'constant') {
      kept[limb] = constantOf(sums[0], field);
    } else {
      inverse(sums[0], field);
      store(sums[0], kept, limb);
    }
  }
  wipe(...sums);
  return kept;
}

export const ownShare: HeTasks['ownShare'] = (input) => {
  const fields = fieldsOf(input.ring);
  const { width, most } = cutOf(input.ring, input.dropBits);
  const limbs = fields.data.length;
  expectLength('secret', input.secret.length, N);
  expectWireLength('a reply', input.reply.length, input.count * packedBytes(width));
  const [product, key] = [work[0]!, work[1]!];
  const keys = fields.data.map((_, limb) => work[2 + limb]!);
  loadKeys(input, fields, key, keys);
  const share = new Uint32Array(input.count * limbs * (input.take === 'all' ? N : 1));
  for (let i = 0; i < input.count; i++) {
    if (!unpackWords(width, input.reply, i * packedBytes(width), most)) {
      wipe(key, ...keys);
      throw new SottoError('protocol-violation', 'a reply is not below its modulus');
    }
    for (const [limb, field] of fields.data.entries()) {
      spread(product, field, input.dropBits);
      if (input.take === 'constant') {
        share[i * limbs + limb] = ternaryConstant(product, key, field);
        continue;
      }
      forward(product, field);
      multiply(product, keys[limb]!, product, field);
      inverse(product, field);
      store(product, share, i * limbs + limb);
    }
  }
  wipe(product, key, ...keys);
  return share;
};

/** The secret as bytes for constants, as transformed residues for whole products. */
function loadKeys(
  { secret, take }: OwnShareInput,
  { data }: Fields,
  key: number,
  keys: readonly number[],
): void {
  if (take === 'constant') {
    loadTernary(key, secret);
    return;
  }
  const coefficients = new Int32Array(secret);
  for (const [limb, field] of data.entries()) {
    load(keys[limb]!, coefficients, 0);
    lift(keys[limb]!, field);
    forward(keys[limb]!, field);
  }
  coefficients.fill(0);
}
