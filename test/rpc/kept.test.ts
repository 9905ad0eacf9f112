/** Goal: a conversation that is over costs nothing. Method: weak references, and a whole collection. */
import { expect, test } from 'vitest';
import type { Transport } from '../../src/channel/transport.ts';
import type { OpenPeers } from '../../src/rpc/peers.ts';
import { keyFolder } from '../support/certificates.ts';
import { collect } from '../support/collect.ts';
import { echo, pairOf, soon } from '../support/peer-pair.ts';

const CONVERSATIONS = 20;

async function converse(opener: OpenPeers, peer: string): Promise<WeakRef<Transport>> {
  const transport = await opener.open(peer, soon());
  await transport.write(Uint8Array.of(1));
  await transport.read();
  await transport.close();
  return new WeakRef(transport);
}

test.each(['bank', 'data'] as const)(
  'a link keeps nothing of the conversations that %s has had',
  async (opener) => {
    await using keys = await keyFolder();
    await using pair = await pairOf(keys);
    pair.bank.serve(echo);
    pair.data.serve(echo);
    const peer = opener === 'bank' ? 'data' : 'bank';
    const past: WeakRef<Transport>[] = [];
    for (let i = 0; i < CONVERSATIONS; i += 1) past.push(await converse(pair[opener], peer));
    await expect
      .poll(
        async () => {
          await collect();
          return past.filter((each) => each.deref() !== undefined).length;
        },
        { timeout: 10_000 },
      )
      .toBeLessThanOrEqual(2);
  },
);
