/** Tag queries over mutual TLS, on a line that can be disturbed: right answers or none, and each paid for once. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { asSottoError } from '../../src/base/errors.ts';
import { inlineCompute } from '../../src/compute/inline.ts';
import { systemRandom } from '../../src/jobs/system.ts';
import { initKeys, readPrivate } from '../../src/rpc/keys.ts';
import { connectTags } from '../../src/rpc/tag-client.ts';
import { serveTags } from '../../src/rpc/tag-service.ts';
import { ReceiptStore } from '../../src/tags/audit.ts';
import { TagClient } from '../../src/tags/client.ts';
import { seal } from '../../src/tags/seal.ts';
import { keyFolder } from '../support/certificates.ts';
import { TcpProxy } from '../support/proxy.ts';
import { sealOptions, TEST_VAULT, tagService } from '../support/tag-company.ts';
import { finish, idOf, members } from '../support/tag-parts.ts';
import { plain } from '../support/tag-world.ts';
import type { LineRun } from './job-line.ts';
import { LINE_LIMITS } from './line-faults.ts';
import type { Verdict } from './verdict.ts';

const ROWS = 32;
/** In the table, and not: i and 1000 + i. */
const ASKED = Array.from({ length: 6 }, (_, i) => (i % 3 === 2 ? 1_000 + i : i));
const HUNG_MS = 120_000;

/** A query after the other; `same` if all were answered, `sameAbort` if some failed by a name. */
export const tagLine: LineRun = async (arm) => {
  await using keys = await keyFolder();
  const folder = keys.folder;
  for (const name of ['company', 'bank']) await initKeys(name, join(folder, 'keys'));
  writeFileSync(join(folder, 'members.csv'), members(ROWS));
  const { signingKey } = await readPrivate(join(folder, 'keys'), 'company');
  const compute = inlineCompute();
  await finish(seal(sealOptions(folder, { signingKey, compute, random: systemRandom })));
  const parts = await tagService(folder, compute);
  await using served = await serveTags({ listen: '127.0.0.1:0', ...parts, limits: LINE_LIMITS });
  await using line = await TcpProxy.open({ target: served.address });
  await using remote = connectTags({
    address: line.address,
    server: parts.keys.public,
    keys: await readPrivate(join(folder, 'keys'), 'bank'),
    limits: LINE_LIMITS,
  });
  using receipts = ReceiptStore.open(join(folder, 'receipts'), systemRandom, TEST_VAULT);
  using client = await TagClient.open({
    remote,
    folder: join(folder, 'mirror'),
    datasetId: 'members',
    tenant: 'bank',
    signer: parts.keys.public.signingKey,
    purpose: 'marketing',
    policy: { minAnonymity: 'full', maxDownloadBytes: 1 << 24, maxLatencyMs: 6_000 },
    receipts,
    compute,
    random: systemRandom,
    sleep: (ms, signal) => setTimeout(Math.min(ms, 100), undefined, { signal }),
  });
  await finish(client.sync(new AbortController().signal));
  const synced = line.bytes;
  arm(line, synced);
  const deadline = AbortSignal.timeout(HUNG_MS);
  const endings: string[] = [];
  for (const i of ASKED) endings.push(await asked(client, i, deadline));
  using meter = parts.meter;
  const debits = meter.total('bank', 'members');
  const answers = endings.filter((ending) => ending === 'right').length;
  const isPaid = answers <= debits && debits <= ASKED.length;
  const verdict = verdictOn(endings, { isPaid, isLate: deadline.aborted });
  return { verdict, endings: { ...endings, debits }, bytes: line.bytes - synced };
};

/** 'right', 'wrong', or the name of a failure. */
async function asked(client: TagClient, i: number, signal: AbortSignal): Promise<string> {
  try {
    const { results } = await client.lookup([idOf(i)], signal);
    const expected = i < ROWS ? BigInt(i) : undefined;
    return plain(results[0])?.score === expected ? 'right' : 'wrong';
  } catch (thrown) {
    return asSottoError(thrown).code;
  }
}

function verdictOn(
  endings: readonly string[],
  { isPaid, isLate }: { readonly isPaid: boolean; readonly isLate: boolean },
): Verdict {
  if (isLate) return 'hung';
  if (!isPaid || endings.includes('wrong') || endings.includes('internal')) return 'wrong';
  return endings.every((ending) => ending === 'right') ? 'same' : 'sameAbort';
}
