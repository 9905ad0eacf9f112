/**
 * Inverses of scalars modulo the group's order l, by steps that are the same for all scalars: Montgomery's
 * multiplication ("Modular multiplication without trial division", Mathematics of Computation 44, 1985) of numbers
 * of 8 words of 32 bits, and one power for a whole batch.
 */
import { INPUT, OUTPUT, SCALARS } from './arena';
import { ORDER } from './scalar';

/** -1 / l modulo 2^32. */
const MINUS_INVERSE: u64 = 0x12547e1b;
/** 2^512 modulo l, which brings a number into Montgomery's form, and 1. */
const SQUARED_RADIX: usize = memory.data<u32>([
  0x449c0f01, 0xa40611e3, 0x68859347, 0xd00e1ba7, 0x17f5be65, 0xceec73d2, 0x7c309a3d, 0x0399411b,
]);
const UNIT: usize = memory.data<u32>([1, 0, 0, 0, 0, 0, 0, 0]);
/** Of l and of l - 2, the exponent, which differs from l in the lowest word alone. */
const EXPONENT_BITS: u32 = 253;

/** out = a b / 2^256 modulo l, for factors below l; `out` may be one of them. */
function multiply(out: usize, a: usize, b: usize): void {
  // Nine words, of which the last is 0 or 1: the sum stays below 2 l.
  let t0: u64 = 0, t1: u64 = 0, t2: u64 = 0, t3: u64 = 0, t4: u64 = 0, t5: u64 = 0, t6: u64 = 0, t7: u64 = 0;
  for (let i: usize = 0; i < 32; i += 4) {
    const word = <u64>load<u32>(b + i);
    let sum = t0 + word * <u64>load<u32>(a);
    const m = <u64>(<u32>(sum * MINUS_INVERSE));
    let low = <u64>(<u32>sum) + m * <u64>load<u32>(ORDER);
    let carry = (sum >> 32), carried = (low >> 32);
    sum = t1 + word * <u64>load<u32>(a, 4) + carry; carry = sum >> 32;
    low = <u64>(<u32>sum) + m * <u64>load<u32>(ORDER, 4) + carried; carried = low >> 32; t0 = <u64>(<u32>low);
    sum = t2 + word * <u64>load<u32>(a, 8) + carry; carry = sum >> 32;
    low = <u64>(<u32>sum) + m * <u64>load<u32>(ORDER, 8) + carried; carried = low >> 32; t1 = <u64>(<u32>low);
    sum = t3 + word * <u64>load<u32>(a, 12) + carry; carry = sum >> 32;
    low = <u64>(<u32>sum) + m * <u64>load<u32>(ORDER, 12) + carried; carried = low >> 32; t2 = <u64>(<u32>low);
    sum = t4 + word * <u64>load<u32>(a, 16) + carry; carry = sum >> 32;
    low = <u64>(<u32>sum) + m * <u64>load<u32>(ORDER, 16) + carried; carried = low >> 32; t3 = <u64>(<u32>low);
    sum = t5 + word * <u64>load<u32>(a, 20) + carry; carry = sum >> 32;
    low = <u64>(<u32>sum) + m * <u64>load<u32>(ORDER, 20) + carried; carried = low >> 32; t4 = <u64>(<u32>low);
    sum = t6 + word * <u64>load<u32>(a, 24) + carry; carry = sum >> 32;
    low = <u64>(<u32>sum) + m * <u64>load<u32>(ORDER, 24) + carried; carried = low >> 32; t5 = <u64>(<u32>low);
    sum = t7 + word * <u64>load<u32>(a, 28) + carry; carry = sum >> 32;
    low = <u64>(<u32>sum) + m * <u64>load<u32>(ORDER, 28) + carried; carried = low >> 32; t6 = <u64>(<u32>low);
    t7 = carry + carried; // below 2^32: so is 2 l / 2^224
  }
  store<u32>(out, <u32>t0); store<u32>(out, <u32>t1, 4); store<u32>(out, <u32>t2, 8); store<u32>(out, <u32>t3, 12);
  store<u32>(out, <u32>t4, 16); store<u32>(out, <u32>t5, 20); store<u32>(out, <u32>t6, 24); store<u32>(out, <u32>t7, 28);
  reduce(out);
}

/** Takes l off what is l or more, below 2 l. */
function reduce(a: usize): void {
  let borrow: u64 = 0;
  for (let i: usize = 0; i < 32; i += 4) {
    borrow = (<u64>load<u32>(a + i) - <u64>load<u32>(ORDER + i) - borrow) >> 63;
  }
  const mask = <u32>borrow - 1; // all ones where nothing was borrowed
  borrow = 0;
  for (let i: usize = 0; i < 32; i += 4) {
    const word = <u64>load<u32>(a + i) - <u64>(load<u32>(ORDER + i) & mask) - borrow;
    store<u32>(a + i, <u32>word);
    borrow = word >> 63;
  }
}

/** out = a^(l - 2), which is 1 / a; all in Montgomery's form, and `out` is not a. */
function invert(out: usize, a: usize): void {
  memory.copy(out, a, 32); // for the highest bit
  for (let bit: u32 = EXPONENT_BITS - 1; bit > 0; bit--) {
    multiply(out, out, out);
    const word = load<u32>(ORDER + (((bit - 1) >> 5) << 2)) - (bit <= 32 ? 2 : 0);
    if ((word >> ((bit - 1) & 31)) & 1) multiply(out, out, a); // the exponent is public
  }
}

/** n scalars of 32 bytes in (0, l) -> their inverses: one power for all, and a few products each. */
export function invertScalars(n: usize): void {
  const product = INPUT + 32 * n, inverse = product + 32;
  multiply(product, UNIT, SQUARED_RADIX); // 1 in Montgomery's form
  for (let at: usize = 0; at < 32 * n; at += 32) {
    const scalar = INPUT + at;
    multiply(scalar, scalar, SQUARED_RADIX);
    memory.copy(SCALARS + at, product, 32); // of all that come before it
    multiply(product, product, scalar);
  }
  invert(inverse, product);
  for (let i: usize = n; i > 0; i--) {
    const at = 32 * (i - 1);
    multiply(OUTPUT + at, inverse, SCALARS + at);
    multiply(OUTPUT + at, OUTPUT + at, UNIT);
    multiply(inverse, inverse, INPUT + at);
  }
}
