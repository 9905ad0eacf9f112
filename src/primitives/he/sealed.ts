/**
 * First components of ciphertexts on the wire: a zero's plus the message, as integers below q that are rounded to
 * multiples of a power of two. Anybody can round a ciphertext, so it tells nothing more; to its phase it adds an error
 * of at most half of that power.
 */
import { SottoError } from '../../base/errors.ts';
import { N } from '../../kernels/field.ts';
import {
  add,
  forward,
  inverse,
  lift,
  load,
  packedBytes,
  packWords,
  round,
  spread,
  store,
  unpackWords,
  wipe,
  work,
} from '../../kernels/ring.ts';
import type { HeTasks } from './api.ts';
import { cutOf, fieldsOf } from './parameters.ts';
import { expectLength, expectWireLength } from './residues.ts';

/** Two limbs at most are joined. */
const sums = [work[0]!, work[1]!] as const;
const term = work[2]!;

export const sealMessages: HeTasks['sealMessages'] = ({ ring, zeros, messages, dropBits }) => {
  const { data, words } = fieldsOf(ring);
  const { width } = cutOf(ring, dropBits);
  const small = messages instanceof Int32Array;
  const count = Math.floor(messages.length / (small ? N : words));
  expectLength('messages', messages.length, count * (small ? N : words));
  expectLength('zeros', zeros.length, count * words);
  const packed = new Uint8Array(count * packedBytes(width));
  for (let i = 0; i < count; i++) {
    for (const [limb, field] of data.entries()) {
      const sum = sums[limb]!;
      load(sum, zeros, i * data.length + limb);
      inverse(sum, field);
      load(term, messages, small ? i : i * data.length + limb);
      if (small) lift(term, field);
      add(sum, term, sum, field);
    }
    round(sums, data, dropBits);
    packWords(width, packed, i * packedBytes(width));
  }
  wipe(...sums, term);
  return packed;
};

export const openSealed: HeTasks['openSealed'] = ({ ring, packed, count, dropBits }) => {
  const { data, words } = fieldsOf(ring);
  const { width, most } = cutOf(ring, dropBits);
  expectWireLength('a packed ciphertext', packed.length, count * packedBytes(width));
  const c0 = new Uint32Array(count * words);
  for (let i = 0; i < count; i++) {
    if (!unpackWords(width, packed, i * packedBytes(width), most)) {
      throw new SottoError('protocol-violation', 'a ciphertext is not below its modulus');
    }
    for (const [limb, field] of data.entries()) {
      spread(term, field, dropBits);
      forward(term, field);
      store(term, c0, i * data.length + limb);
    }
  }
  return { c0 };
};
