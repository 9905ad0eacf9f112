/**
 * Goal: many queries at once are all answered rightly, and a bank that floods is not served before another that asks
 * little. Method: over mutual TLS; the order is that of the company's tasks, on a thread that is held by hand.
 */
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import type { Compute } from '../../src/compute/compute.ts';
import { inlineCompute } from '../../src/compute/inline.ts';
import { MAX_TAG_STREAMS } from '../../src/rpc/limits.ts';
import { serveTags } from '../../src/rpc/tag-service.ts';
import type { TagService } from '../../src/tags/index.ts';
import { tagService } from '../support/tag-company.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { ask, BANKS, type Bank, Company, openBank, prepare } from './site.ts';

test('a hundred queries at once, each a request of its own, are all answered rightly', async () => {
  await using company = await Company.open(200);
  const { folder, address, rows } = company;
  await using bank = await openBank(folder, 'bank', address, inlineCompute());
  const tally = await ask(bank.client, rows, { queries: 100, atOnce: 100 });
  expect(tally).toMatchObject({ same: 100, wrong: 0, hung: 0 });
}, 180_000);

/** One thread, on which each evaluation waits until it is let go on once `hold` was called. */
class HeldThread implements Compute {
  readonly threads = 1;
  /** The public keys of the evaluations since then. */
  readonly order: string[] = [];
  readonly #inline = inlineCompute();
  #isHeld = false;
  #release = (): void => undefined;

  readonly run: Compute['run'] = async (name, input, options) => {
    if (this.#isHeld && name === 'oprfEvaluateEach') {
      this.order.push(toHex((input as { publicKey: Uint8Array }).publicKey));
      await new Promise<void>((resolve) => {
        this.#release = resolve;
      });
    }
    return this.#inline.run(name, input, options);
  };

  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#release();
  }
}

test('the query of a bank comes next, however many another bank sent before', async () => {
  const folder = temporaryFolder();
  await prepare(folder, 50);
  const thread = new HeldThread();
  const { keys, peers, service } = await tagService(folder, thread, BANKS);
  let heard = 0;
  const counted: TagService = {
    getManifest: (peer, request) => service.getManifest(peer, request),
    fetchBlob: (peer, request) => service.fetchBlob(peer, request),
    transfer: (peer, request) => service.transfer(peer, request),
    query: (peer, request) => {
      heard += 1;
      return service.query(peer, request);
    },
  };
  await using open = await serveTags({ listen: '127.0.0.1:0', keys, peers, service: counted });
  const connect = (bank: Bank) => openBank(folder, bank, open.address, inlineCompute());
  await using loud = await connect('bank');
  await using quiet = await connect('second');
  for (const { client } of [loud, quiet]) await ask(client, 50, { queries: 1, atOnce: 1 });
  thread.hold();
  const flood = ask(loud.client, 50, { queries: MAX_TAG_STREAMS, atOnce: MAX_TAG_STREAMS });
  while (heard < 2 + MAX_TAG_STREAMS) await setImmediate();
  const answer = ask(quiet.client, 50, { queries: 1, atOnce: 1 });
  while (heard < 2 + MAX_TAG_STREAMS + 1) await setImmediate();
  // Debited: and since the sync is another thread's work, given ten times what it takes.
  const used = (): number =>
    service.quotas().reduce((sum, quota) => sum + (quota.span === 'epoch' ? quota.used : 0), 0);
  while (used() < 2 + MAX_TAG_STREAMS + 1) await setImmediate();
  const synced = performance.now() + 500;
  while (performance.now() < synced) await setImmediate();
  let isOver = false;
  const both = Promise.all([flood, answer]).finally(() => {
    isOver = true;
  });
  while (!isOver) {
    thread.release();
    await setImmediate();
  }
  for (const { same } of await both) expect(same).toBeGreaterThan(0);
  const [loudKey, quietKey] = [loud, quiet].map(({ client }) => toHex(client.manifest!.publicKey));
  expect(thread.order.slice(0, 3)).toEqual([loudKey, quietKey, loudKey]);
}, 180_000);
