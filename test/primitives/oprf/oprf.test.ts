import { ristretto255_hasher, ristretto255_oprf } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { concat, toHex, utf8 } from '../../../src/base/bytes.ts';
import { pointsFromUniform } from '../../../src/primitives/group/index.ts';
import {
  COIN_BYTES,
  type Evaluated,
  INPUT_BYTES_MAX,
  oprfBlind,
  oprfDeriveKey,
  oprfEvaluate,
  oprfEvaluateDirect,
  oprfEvaluateEach,
  oprfEvaluateWithProof,
  oprfFinalize,
  oprfPublicKey,
  poprfEvaluateWithProof,
  poprfFinalize,
  ready,
} from '../../../src/primitives/oprf/index.ts';
import { expandMessage } from '../../../src/primitives/oprf/suite.ts';
import { seededRandom } from '../../support/random.ts';

const { voprf } = ristretto255_oprf;
const random = seededRandom('oprf');
const coinsFor = (count: number): Uint8Array => random.bytes(COIN_BYTES * count);
const columns = (column: Uint8Array, width: number): Uint8Array[] =>
  Array.from({ length: column.length / width }, (_, i) =>
    column.subarray(width * i, width * (i + 1)),
  );
const info = utf8('test');
const inputs = ['one', 'two', 'three'].map(utf8);

let keys: ReturnType<typeof oprfDeriveKey>;
let asked: ReturnType<typeof oprfBlind>;
let said: ReturnType<typeof oprfEvaluateWithProof>;

beforeAll(async () => {
  await ready();
  keys = oprfDeriveKey({ seed: random.bytes(32), info });
  asked = oprfBlind({ inputs, coins: coinsFor(3) });
  said = oprfEvaluateWithProof({ ...keys, blinded: asked.blinded, coins: coinsFor(1) });
});

const finalize = (changed: Partial<Parameters<typeof oprfFinalize>[0]> = {}) =>
  oprfFinalize({ publicKey: keys.publicKey, inputs, ...asked, ...said, ...changed });

describe('against another implementation', () => {
  test('messages are expanded and mapped as it does', () => {
    const tags = fc.uint8Array({ minLength: 1, maxLength: 255 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), tags, (message, tag) => {
        const ours = pointsFromUniform(expandMessage(message, tag));
        const theirs = ristretto255_hasher.hashToCurve(message, { DST: tag }).toBytes();
        expect(toHex(ours)).toBe(toHex(theirs));
      }),
      { numRuns: 30 },
    );
  });

  test('its client takes our proof, and ours its, and outputs are equal', () => {
    const blinded = columns(asked.blinded, 32);
    const theirs = voprf.blindEvaluateBatch(keys.secretKey, keys.publicKey, blinded);
    expect(toHex(concat(...theirs.evaluated))).toBe(toHex(said.evaluated));
    const { outputs } = finalize({ proof: theirs.proof });
    const blinds = columns(asked.blinds, 32);
    const items = inputs.map((input, i) => ({
      input,
      blind: blinds[i]!,
      blinded: blinded[i]!,
      evaluated: theirs.evaluated[i]!,
    }));
    const others = voprf.finalizeBatch(items, keys.publicKey, said.proof);
    expect(toHex(outputs)).toBe(toHex(concat(...others)));
    expect(toHex(oprfEvaluateDirect({ secretKey: keys.secretKey, inputs }).outputs)).toBe(
      toHex(outputs),
    );
  });

  test('key pairs are the same', () => {
    for (let i = 0; i < 5; i += 1) {
      const seed = random.bytes(32);
      const ours = oprfDeriveKey({ seed, info });
      const theirs = voprf.deriveKeyPair(seed, info);
      expect([toHex(ours.secretKey), toHex(ours.publicKey)]).toEqual([
        toHex(theirs.secretKey),
        toHex(theirs.publicKey),
      ]);
      expect(oprfPublicKey(ours)).toEqual(ours.publicKey);
    }
  });
});

test('the output depends on key and input alone, not on the coins', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 4 }),
      (some) => {
        const blinding = oprfBlind({ inputs: some, coins: coinsFor(some.length) });
        const answer = oprfEvaluateWithProof({
          ...keys,
          blinded: blinding.blinded,
          coins: coinsFor(1),
        });
        const { outputs } = oprfFinalize({ ...keys, inputs: some, ...blinding, ...answer });
        expect(outputs).toEqual(
          oprfEvaluateDirect({ secretKey: keys.secretKey, inputs: some }).outputs,
        );
      },
    ),
    { numRuns: 10 },
  );
});

test('an input twice in a batch is blinded differently, and has one output', () => {
  const twice = [inputs[0]!, inputs[0]!];
  const blinding = oprfBlind({ inputs: twice, coins: coinsFor(2) });
  const [a, b] = columns(blinding.blinded, 32);
  expect(a).not.toEqual(b);
  const answer = oprfEvaluateWithProof({ ...keys, blinded: blinding.blinded, coins: coinsFor(1) });
  const { outputs } = oprfFinalize({ ...keys, inputs: twice, ...blinding, ...answer });
  expect(outputs.subarray(0, 64)).toEqual(outputs.subarray(64));
});

test('modes have keys and outputs of their own', () => {
  const seed = random.bytes(32);
  const modes = ['OPRF', 'VOPRF', 'POPRF'] as const;
  const secrets = modes.map((mode) => toHex(oprfDeriveKey({ mode, seed, info }).secretKey));
  expect(new Set(secrets).size).toBe(3);
  const [base, verifiable] = (['OPRF', 'VOPRF'] as const).map(
    (mode) => oprfEvaluateDirect({ mode, secretKey: keys.secretKey, inputs }).outputs,
  );
  expect(base).not.toEqual(verifiable);
});

describe('requests that are evaluated together', () => {
  const sizes = [1, 3, 1, 2, 1];
  const requests = () =>
    sizes.map((size, i) => {
      const some = Array.from({ length: size }, (_, j) => utf8(`request ${i} input ${j}`));
      const blinding = oprfBlind({ inputs: some, coins: coinsFor(size) });
      return { inputs: some, ...blinding, coins: coinsFor(1) };
    });

  test('are answered each as if alone, byte for byte', () => {
    const asking = requests();
    const together = oprfEvaluateEach({ ...keys, requests: asking });
    expect(together).toEqual(asking.map((each) => oprfEvaluateWithProof({ ...keys, ...each })));
    for (const [i, { inputs: some, blinds, blinded }] of asking.entries()) {
      const answer = together[i] as Evaluated;
      const { outputs } = oprfFinalize({ ...keys, inputs: some, blinds, blinded, ...answer });
      const direct = oprfEvaluateDirect({ secretKey: keys.secretKey, inputs: some });
      expect(outputs).toEqual(direct.outputs);
    }
  });

  test('fail alone, with the place of the point that is none', () => {
    const asking = requests();
    const [, spoilt] = asking.map(({ blinded }) => blinded);
    spoilt!.set(new Uint8Array(32).fill(255), 32);
    const together = oprfEvaluateEach({ ...keys, requests: asking });
    expect(together[1]).toMatchObject({
      code: 'protocol-violation',
      facts: { position: 1, of: 3 },
    });
    const others = together.filter((_, i) => i !== 1);
    expect(others.every((each) => 'proof' in each)).toBe(true);
  });

  test('do not hide a key that is none', () => {
    const secretKey = new Uint8Array(32);
    expect(() => oprfEvaluateEach({ ...keys, secretKey, requests: requests() })).toThrowError(
      expect.objectContaining({ code: 'invalid-argument' }),
    );
  });
});

describe('a proof does not hold', () => {
  const failed = expect.objectContaining({ code: 'verification-failed', facts: { items: 3 } });
  const swapped = (column: Uint8Array): Uint8Array => {
    const [a, b, c] = columns(column, 32);
    return concat(b!, a!, c!);
  };

  test('when the batch was evaluated under another key', () => {
    const other = oprfDeriveKey({ seed: random.bytes(32), info });
    expect(() => finalize({ publicKey: other.publicKey })).toThrowError(failed);
    const { blinded } = asked;
    const foreign = oprfEvaluateWithProof({ ...other, blinded, coins: coinsFor(1) });
    expect(() => finalize(foreign)).toThrowError(failed);
    // A proof under one key, of points of which one has another's.
    const [first] = columns(foreign.evaluated, 32);
    const mixed = concat(first!, said.evaluated.subarray(32));
    expect(() => finalize({ evaluated: mixed })).toThrowError(failed);
    const lying = { ...keys, secretKey: other.secretKey, blinded, coins: coinsFor(1) };
    expect(() => finalize(oprfEvaluateWithProof(lying))).toThrowError(failed);
  });

  test('for the points in another order', () => {
    expect(() => finalize({ evaluated: swapped(said.evaluated) })).toThrowError(failed);
    expect(() => finalize({ blinded: swapped(asked.blinded) })).toThrowError(failed);
  });

  test('with any byte of it changed, cut short, or of zeros', () => {
    for (const at of [0, 31, 32, 63]) {
      const proof = said.proof.slice();
      proof[at]! ^= 1;
      expect(() => finalize({ proof })).toThrowError(failed);
    }
    for (const proof of [
      new Uint8Array(64),
      said.proof.subarray(1),
      new Uint8Array(),
      new Uint8Array(64).fill(255),
    ]) {
      expect(() => finalize({ proof })).toThrowError(failed);
    }
  });

  test('for another public part', () => {
    const pair = oprfDeriveKey({ mode: 'POPRF', seed: random.bytes(32), info });
    const blinding = oprfBlind({ mode: 'POPRF', inputs, coins: coinsFor(3) });
    const part = utf8('november');
    const answer = poprfEvaluateWithProof({
      ...pair,
      info: part,
      blinded: blinding.blinded,
      coins: coinsFor(1),
    });
    const whole = { ...pair, inputs, ...blinding, ...answer };
    expect(poprfFinalize({ ...whole, info: part }).outputs.length).toBe(192);
    expect(() => poprfFinalize({ ...whole, info: utf8('december') })).toThrowError(failed);
  });
});

describe('points from outside', () => {
  const bad: readonly (readonly [string, Uint8Array])[] = [
    ['the identity', new Uint8Array(32)],
    ['a non-canonical encoding', new Uint8Array(32).fill(255)],
    ['a negative field element', Uint8Array.from([1, ...new Uint8Array(31)])],
    ['p + 0', Uint8Array.from(Buffer.from(`ed${'ff'.repeat(30)}7f`, 'hex'))],
  ];

  test.each(bad)('%s is refused with its place, by server and client', (_, point) => {
    const at = (place: number, column: Uint8Array): Uint8Array => {
      const changed = column.slice();
      changed.set(point, 32 * place);
      return changed;
    };
    const refused = expect.objectContaining({
      code: 'protocol-violation',
      facts: expect.objectContaining({ position: 2, of: 3 }) as unknown,
    });
    const blinded = at(2, asked.blinded);
    expect(() => oprfEvaluate({ secretKey: keys.secretKey, blinded })).toThrowError(refused);
    expect(() => oprfEvaluateWithProof({ ...keys, blinded, coins: coinsFor(1) })).toThrowError(
      refused,
    );
    expect(() => finalize({ evaluated: at(2, said.evaluated) })).toThrowError(refused);
    expect(() => finalize({ publicKey: point })).toThrowError(
      expect.objectContaining({ code: 'protocol-violation' }),
    );
  });

  test('columns of another length are refused with what was due', () => {
    const refused = (field: string, received: number) =>
      expect.objectContaining({
        code: 'protocol-violation',
        facts: { field, expected: 96, received },
      });
    expect(() => finalize({ evaluated: said.evaluated.subarray(32) })).toThrowError(
      refused('evaluated', 64),
    );
    expect(() => finalize({ blinded: new Uint8Array(97) })).toThrowError(refused('blinded', 97));
    for (const blinded of [new Uint8Array(), new Uint8Array(33)]) {
      expect(() => oprfEvaluateWithProof({ ...keys, blinded, coins: coinsFor(1) })).toThrowError(
        expect.objectContaining({ code: 'protocol-violation' }),
      );
    }
  });
});

test('an input that is too long, coins that were not tossed, a seed too short: refused', () => {
  const refused = (facts: object) => expect.objectContaining({ code: 'invalid-argument', facts });
  const long = new Uint8Array(INPUT_BYTES_MAX + 1);
  expect(() => oprfBlind({ inputs: [inputs[0]!, long], coins: coinsFor(2) })).toThrowError(
    refused({ position: 1, limit: INPUT_BYTES_MAX, received: long.length }),
  );
  expect(oprfBlind({ inputs: [long.subarray(1)], coins: coinsFor(1) }).blinded.length).toBe(32);
  expect(() => oprfBlind({ inputs, coins: coinsFor(2) })).toThrowError(
    refused({ expected: 144, received: 96 }),
  );
  expect(() => oprfBlind({ inputs, coins: new Uint8Array(144) })).toThrowError(
    expect.objectContaining({ code: 'invalid-argument' }),
  );
  expect(() => oprfDeriveKey({ seed: new Uint8Array(31), info })).toThrowError(
    refused({ expected: 32, received: 31 }),
  );
});
