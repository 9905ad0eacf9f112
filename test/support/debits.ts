/** Made-up queries of a bank, as a meter takes them; and what a company's process has left of them on disk. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { create } from '@bufbuild/protobuf';
import {
  type Manifest,
  ManifestSchema,
  type QueryRequest,
  QueryRequestSchema,
} from '../../src/gen/sotto/tag/v1/tag_pb.ts';

/** A quarter of a second after noon, in milliseconds since 1970. */
export const start = Date.UTC(2026, 10, 22, 12, 0, 0, 250);

export function manifestOf(
  quota: Partial<Record<'perSecond' | 'perDay' | 'perEpoch', bigint>>,
  epoch = 1,
): Manifest {
  return create(ManifestSchema, {
    datasetId: 'members',
    tenant: 'bank',
    versionId: 'v1',
    epoch,
    quota,
  });
}

let serial = 0;
/** Another request each time, unless its key is given. */
export function requestOf(items: number, key = ++serial): QueryRequest {
  const idempotencyKey = new Uint8Array(16);
  new DataView(idempotencyKey.buffer).setUint32(0, key);
  return create(QueryRequestSchema, {
    datasetId: 'members',
    versionId: 'v1',
    idempotencyKey,
    purpose: 'marketing',
    blinded: new Uint8Array(32 * items).fill(items),
    fetch: { case: 'mirror', value: {} },
  });
}

/** Of `debits.sqlite` in a folder whose process has ended: ids debited, and requests they were in. */
export function debitsIn(folder: string): { items: number; requests: number } {
  const database = new DatabaseSync(join(folder, 'debits.sqlite'));
  try {
    const number = (sql: string): number =>
      Number((database.prepare(sql).get() as { n: number | null }).n ?? 0);
    return {
      items: number('SELECT sum(total) AS n FROM accounts'),
      requests: number('SELECT count(*) AS n FROM requests'),
    };
  } finally {
    database.close();
  }
}
