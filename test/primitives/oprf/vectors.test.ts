import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { concat, toHex, utf8 } from '../../../src/base/bytes.ts';
import {
  COIN_BYTES,
  type Mode,
  oprfBlind,
  oprfDeriveKey,
  oprfEvaluate,
  oprfEvaluateDirect,
  oprfEvaluateWithProof,
  oprfFinalize,
  oprfFinalizeUnproved,
  poprfEvaluateDirect,
  poprfEvaluateWithProof,
  poprfFinalize,
  ready,
} from '../../../src/primitives/oprf/index.ts';
import { contextOf } from '../../../src/primitives/oprf/suite.ts';

interface Vector {
  readonly Batch: number;
  readonly Blind: string;
  readonly BlindedElement: string;
  readonly EvaluationElement: string;
  readonly Input: string;
  readonly Output: string;
  readonly Info?: string;
  readonly Proof?: { readonly proof: string; readonly r: string };
}

interface Suite {
  readonly groupDST: string;
  readonly mode: 0 | 1 | 2;
  readonly seed: string;
  readonly keyInfo: string;
  readonly skSm: string;
  readonly pkSm?: string;
  readonly vectors: readonly Vector[];
}

const { suites } = JSON.parse(
  readFileSync(new URL('../../vectors/rfc9497.json', import.meta.url), 'utf8'),
) as { suites: Suite[] };

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const list = (hex: string): Uint8Array[] => hex.split(',').map(bytes);
const column = (hex: string): Uint8Array => concat(...list(hex));

/** Coins that give just these scalars: a scalar below the order is its own remainder. */
const coinsFor = (hex: string): Uint8Array =>
  concat(...list(hex).flatMap((each) => [each, new Uint8Array(COIN_BYTES - each.length)]));

beforeAll(ready);

test('the vectors are those of three modes, batches of two among them', () => {
  expect(suites.map(({ mode, vectors }) => [mode, vectors.map((each) => each.Batch)])).toEqual([
    [0, [1, 1]],
    [1, [1, 1, 2]],
    [2, [1, 1, 2]],
  ]);
});

describe.each(suites)('RFC 9497 appendix A.1, mode $mode', (suite) => {
  const mode = (['OPRF', 'VOPRF', 'POPRF'] as const satisfies readonly Mode[])[suite.mode];
  const secretKey = bytes(suite.skSm);

  test('the key pair follows from seed and info', () => {
    const info = bytes(suite.keyInfo);
    const derived = oprfDeriveKey({ mode, seed: bytes(suite.seed), info });
    expect(toHex(derived.secretKey)).toBe(suite.skSm);
    if (suite.pkSm !== undefined) expect(toHex(derived.publicKey)).toBe(suite.pkSm);
  });

  test('the hash to the group has its tag', () => {
    expect(toHex(concat(utf8('HashToGroup-'), contextOf(mode)))).toBe(suite.groupDST);
  });

  test.each(suite.vectors)('blind, evaluate, finalize: batch of $Batch, input $Input', (vector) => {
    const inputs = list(vector.Input);
    const { blinds, blinded } = oprfBlind({ mode, inputs, coins: coinsFor(vector.Blind) });
    expect(toHex(blinds)).toBe(toHex(column(vector.Blind)));
    expect(toHex(blinded)).toBe(toHex(column(vector.BlindedElement)));

    const { evaluated, outputs, proof } = answer(vector, inputs, blinds, blinded);
    expect(toHex(evaluated)).toBe(toHex(column(vector.EvaluationElement)));
    expect(toHex(proof)).toBe(vector.Proof?.proof ?? '');
    expect(toHex(outputs)).toBe(toHex(column(vector.Output)));
  });

  test.each(suite.vectors)('the key owner alone: batch of $Batch, input $Input', (vector) => {
    const inputs = list(vector.Input);
    const info = bytes(vector.Info ?? '');
    const { outputs } =
      mode === 'POPRF'
        ? poprfEvaluateDirect({ secretKey, info, inputs })
        : oprfEvaluateDirect({ mode, secretKey, inputs });
    expect(toHex(outputs)).toBe(toHex(column(vector.Output)));
  });

  function answer(
    vector: Vector,
    inputs: Uint8Array[],
    blinds: Uint8Array,
    blinded: Uint8Array,
  ): { evaluated: Uint8Array; outputs: Uint8Array; proof: Uint8Array } {
    if (mode === 'OPRF') {
      const { evaluated } = oprfEvaluate({ secretKey, blinded });
      const { outputs } = oprfFinalizeUnproved({ inputs, blinds, evaluated });
      return { evaluated, outputs, proof: new Uint8Array() };
    }
    const publicKey = bytes(suite.pkSm!);
    const coins = coinsFor(vector.Proof!.r);
    if (mode === 'VOPRF') {
      const said = oprfEvaluateWithProof({ secretKey, publicKey, blinded, coins });
      return { ...said, ...oprfFinalize({ publicKey, inputs, blinds, blinded, ...said }) };
    }
    const info = bytes(vector.Info!);
    const said = poprfEvaluateWithProof({ secretKey, info, blinded, coins });
    return { ...said, ...poprfFinalize({ publicKey, info, inputs, blinds, blinded, ...said }) };
  }
});
