/** What it costs to keep each pass of a training: a sealed record, synced, beside the passes themselves. */

import { Vault } from '../../src/base/sealed.ts';
import { Secret } from '../../src/base/secret.ts';
import { systemDisk, systemRandom } from '../../src/jobs/index.ts';
import { Journals } from '../../src/jobs/journal.ts';
import { type BenchOptions, median, type Row } from '../harness.ts';
import { trainDirectly } from '../scenarios/direct-training.ts';
import { temporaryFolder } from '../scenarios/temporary-folder.ts';

const PASSES = 4;
/** Of a share modulo the largest q. */
const SHARE_BYTES = 14;

export async function* journal({ quick }: BenchOptions): AsyncGenerator<Row, void, void> {
  const size = quick
    ? { rows: 2_000, bank: 5, company: 5 }
    : { rows: 10_000, bank: 10, company: 20 };
  const samples = quick ? 50 : 500;
  const { bank } = await trainDirectly({ ...size, passes: PASSES });
  const kept = await keeping((size.bank + 1 + size.company) * SHARE_BYTES, samples);
  const pass = (1000 * bank.seconds) / PASSES;
  yield {
    name: `journal: to keep a pass, of the pass, ${size.rows / 1000}k x (${size.bank} + ${size.company})`,
    unit: '%',
    value: (100 * kept) / pass,
    samples,
    goal: { atMost: 5 },
  };
}

/** Milliseconds of one record with a state of so many bytes; the median. */
async function keeping(stateBytes: number, samples: number): Promise<number> {
  await using folder = await temporaryFolder();
  const vault = new Vault(new Secret(systemRandom.bytes(32)));
  const journals = new Journals(systemDisk, vault, folder.path);
  await using file = await journals.open('job', new Uint8Array(0));
  const epoch = { attempt: 1, id: systemRandom.bytes(32) };
  const state = systemRandom.bytes(stateBytes);
  const times: number[] = [];
  for (let place = 0; place < samples; place++) {
    const start = performance.now();
    await file.append(place, epoch, 'pass', state);
    times.push(performance.now() - start);
  }
  return median(times);
}
