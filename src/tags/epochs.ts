/** The secret half of sealed tables: a seed for each epoch of each tenant, and the key derived from it. */
import { hkdfSync } from 'node:crypto';
import { join } from 'node:path';
import { type Bytes, lengthPrefixed } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import { type Place, SEAL_BYTES, type Vault } from '../base/sealed.ts';
import { Secret } from '../base/secret.ts';
import type { Compute } from '../compute/compute.ts';
import { readIfThere, writeWhole } from './files.ts';

const KEY_DOMAIN = 'sotto tag epoch key 1';
const INDEX_DOMAIN = 'sotto tag row index 1';
const PROOF_DOMAIN = 'sotto tag proof coins 1';
const TRANSFER_DOMAIN = 'sotto tag transfer coins 1';
const SEED_BYTES = 32;

export interface Epoch {
  readonly number: number;
  readonly secretKey: Uint8Array;
  readonly publicKey: Uint8Array;
  /** For digests of ids and rows, which then say nothing to whoever finds them. */
  readonly indexKey: Bytes;
  /** For the coins of proofs, so that a repeated request gets the same bytes. */
  readonly proofKey: Bytes;
  /** Likewise for the coins of transfers. */
  readonly transferKey: Bytes;
}

export interface EpochPlace {
  /** A folder that is nobody else's. */
  readonly secrets: string;
  /** Seals the seeds. */
  readonly vault: Vault;
  readonly dataset: string;
  readonly tenant: string;
}

const seedFile = ({ secrets, dataset, tenant }: EpochPlace, epoch: number): string =>
  join(secrets, dataset, tenant, `epoch-${epoch}.seed`);

/** Digests and secrets of the rows of the manifest with that number: what the next is made from. */
export const indexFile = ({ secrets, dataset, tenant }: EpochPlace, sequence: bigint): string =>
  join(secrets, dataset, tenant, `rows-${sequence}.index`);

/** Draws the epoch's seed, unless it was drawn already by a sealing that did not finish. */
export function makeEpoch(place: EpochPlace, epoch: number, random: Random): void {
  const file = seedFile(place, epoch);
  if (readIfThere(file) !== undefined) return;
  using seed = new Secret(random.bytes(SEED_BYTES));
  writeWhole(file, place.vault.seal(seed.bytes, sealedAt(place, epoch)));
}

const sealedAt = ({ dataset, tenant }: EpochPlace, epoch: number): Place => ({
  purpose: 'tag-epoch',
  job: JSON.stringify([dataset, tenant]),
  epoch,
});

export async function openEpoch(
  place: EpochPlace,
  epoch: number,
  compute: Compute,
): Promise<Epoch> {
  const sealed = readIfThere(seedFile(place, epoch));
  if (sealed?.length !== SEED_BYTES + SEAL_BYTES) {
    throw new SottoError('not-found', "the epoch's seed is not in the folder of secrets", {
      dataset: place.dataset,
      tenant: place.tenant,
      epoch,
    });
  }
  const seed = place.vault.open(sealed, sealedAt(place, epoch));
  const names = [place.dataset, place.tenant, String(epoch)];
  const info = lengthPrefixed(KEY_DOMAIN, ...names);
  const derived = (domain: string): Bytes =>
    new Uint8Array(hkdfSync('sha512', seed, '', lengthPrefixed(domain, ...names), SEED_BYTES));
  const { secretKey, publicKey } = await compute.run('oprfDeriveKey', { seed, info });
  return {
    number: epoch,
    secretKey,
    publicKey,
    indexKey: derived(INDEX_DOMAIN),
    proofKey: derived(PROOF_DOMAIN),
    transferKey: derived(TRANSFER_DOMAIN),
  };
}
