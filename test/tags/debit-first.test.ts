/** Goal: no evaluation begins before its debit has been committed. Method: the file of debits, copied at that moment. */
import { copyFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { inlineCompute } from '../../src/compute/inline.ts';
import { tasks } from '../../src/compute/tasks.ts';
import { Meter } from '../../src/tags/meter.ts';
import { finish, idOf, members } from '../support/tag-parts.ts';
import { never, TagWorld } from '../support/tag-world.ts';

test('what is evaluated, in one task or in parts, has been debited in the file before', async () => {
  using world = new TagWorld();
  world.write(members(8));
  await world.seal('v1');
  const debited: number[] = [];
  const look = (): void => {
    const copy = world.path(`copy-${debited.length}.sqlite`);
    for (const end of ['', '-wal']) copyFileSync(world.path(`tags.sqlite${end}`), copy + end);
    using meter = new Meter(copy, () => world.clock.now);
    debited.push(meter.total('bank', 'members'));
  };
  const compute = inlineCompute({
    oprfEvaluateEach: (input) => {
      look();
      return tasks.oprfEvaluateEach(input);
    },
    oprfEvaluatePart: (input) => {
      look();
      return tasks.oprfEvaluatePart(input);
    },
  });
  const client = await world.client(world.server({ compute }));
  await finish(client.sync(never()));
  const ids = Array.from({ length: 40 }, (_, i) => idOf(i));
  await client.lookup(ids.slice(0, 1), never());
  await client.lookup(ids, never());
  expect(debited).toEqual([1, 41, 41]);
});
