/** Both roles of exclude and of count in one process, with gates that remember nothing. */
import { inlineCompute } from '../../src/compute/inline.ts';
import type { Party } from '../../src/protocols/party.ts';
import {
  countAsker,
  countComparer,
  excludeAsker,
  excludeComparer,
  type OwnList,
} from '../../src/protocols/sets/index.ts';
import { toyGroup } from './toy-group.ts';
import { type PairOptions, runPair } from './two-party.ts';

export type Wrap = (party: Party) => Party;

export interface Cast {
  readonly asker?: Wrap;
  readonly comparer?: Wrap;
}

const session = new Uint8Array(32).fill(9);
const limits = { session, maxRows: 30_000 };
const honest: Wrap = (party) => party;

export const toy = (seed: string | number = 'sets'): PairOptions => ({
  computes: [inlineCompute(toyGroup), inlineCompute(toyGroup)],
  timeoutMs: 1_000,
  seed,
});

export const numbered = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, i) => `customer ${from + i}`);

export const listed = (ids: readonly string[], padded = false): OwnList => ({
  ids,
  padded,
  name: new Uint8Array(16).fill(ids.length % 251),
});

export function excludePair(
  audience: OwnList,
  customers: OwnList,
  holdout = 0.1,
  options: PairOptions = toy(),
  { asker = honest, comparer = honest }: Cast = {},
) {
  const terms = { holdout, maxCertainty: 1 };
  return runPair(
    (party) =>
      excludeAsker(asker(party), {
        ...limits,
        list: audience,
        terms,
        admit: async () => new Uint8Array(32).fill(4),
      }),
    (party) =>
      excludeComparer(comparer(party), {
        ...limits,
        list: customers,
        terms,
        check: () => {},
        release: async (_, draw) => draw(),
      }),
    options,
  );
}

export function countPair(
  asked: readonly OwnList[],
  compared: readonly OwnList[],
  { epsilon, floor = 1 }: { readonly epsilon?: number; readonly floor?: number } = {},
  options: PairOptions = toy(),
  { asker = honest, comparer = honest }: Cast = {},
) {
  const input = (lists: readonly OwnList[], peerLists: number) => ({
    ...limits,
    lists,
    peerLists,
    floor,
    epsilon,
    release: async (_: unknown, draw: () => Uint8Array<ArrayBuffer>) => draw(),
  });
  return runPair(
    (party) => countAsker(asker(party), input(asked, compared.length)),
    (party) => countComparer(comparer(party), input(compared, asked.length)),
    options,
  );
}
