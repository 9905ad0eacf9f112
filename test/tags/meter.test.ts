/** Goal: nothing is answered that was not debited, nothing is debited twice, and no quota is ever exceeded. */
import { create, fromBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { asSottoError } from '../../src/base/errors.ts';
import { type Manifest, ManifestSchema, ReceiptSchema } from '../../src/gen/sotto/tag/v1/tag_pb.ts';
import { Meter } from '../../src/tags/meter.ts';
import { manifestOf, requestOf, start } from '../support/debits.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const DAY_MS = 86_400_000;
function opened() {
  const clock = { now: start };
  const folder = temporaryFolder();
  const open = (): Meter => new Meter(`${folder}/debits.sqlite`, () => clock.now);
  return { clock, open };
}

const refused = (work: Promise<unknown>) =>
  work.then(
    () => expect.unreachable('it was debited'),
    (thrown: unknown) => asSottoError(thrown),
  );

describe('a quota', () => {
  test.each([
    ['perSecond', 1000, 750],
    ['perDay', DAY_MS, DAY_MS / 2 - 250],
  ] as const)(
    '%s is used up, says when to come back, and is there again then',
    async (name, spanMs, waitMs) => {
      const { clock, open } = opened();
      using meter = open();
      const manifest = manifestOf({ [name]: 10n });
      await meter.debit(manifest, requestOf(7));
      const error = await refused(meter.debit(manifest, requestOf(4)));
      expect(error.code).toBe('budget-exhausted');
      expect(error.facts).toMatchObject({ asked: 4, left: 3, retryAfterMs: waitMs });
      await meter.debit(manifest, requestOf(3));
      expect((await refused(meter.debit(manifest, requestOf(1)))).facts).toMatchObject({ left: 0 });
      clock.now += waitMs;
      await meter.debit(manifest, requestOf(10));
      expect(meter.total('bank', 'members')).toBe(20);
      expect(spanMs).toBeGreaterThan(waitMs);
    },
  );

  test('per epoch never comes back, and begins with the next key', async () => {
    const { clock, open } = opened();
    using meter = open();
    await meter.debit(manifestOf({ perEpoch: 5n }), requestOf(5));
    clock.now += 400 * DAY_MS;
    const error = await refused(meter.debit(manifestOf({ perEpoch: 5n }), requestOf(1)));
    expect(error.facts).toMatchObject({ span: 'epoch', left: 0 });
    expect(error.facts).not.toHaveProperty('retryAfterMs');
    await meter.debit(manifestOf({ perEpoch: 5n }, 2), requestOf(5));
  });

  test('per epoch is counted for each key by itself, while two are answered', async () => {
    const { open } = opened();
    using meter = open();
    const of = (epoch: number): Manifest => manifestOf({ perEpoch: 2n }, epoch);
    for (const epoch of [1, 2, 1, 2]) await meter.debit(of(epoch), requestOf(1));
    for (const epoch of [1, 2]) {
      const error = await refused(meter.debit(of(epoch), requestOf(1)));
      expect(error.facts).toMatchObject({ span: 'epoch', left: 0 });
    }
  });

  test('of a purpose binds that purpose, and the one for all binds them together', async () => {
    const { open } = opened();
    using meter = open();
    const manifest = manifestOf({ perDay: 10n });
    const quota = { perDay: 3n, perEpoch: 8n };
    const { purposeQuotas } = create(ManifestSchema, {
      purposeQuotas: [{ purpose: 'marketing', quota }],
    });
    manifest.purposeQuotas = purposeQuotas;
    await meter.debit(manifest, requestOf(3));
    const { code, facts } = await refused(meter.debit(manifest, requestOf(1)));
    expect(code).toBe('budget-exhausted');
    expect(facts).toMatchObject({ span: 'day', purpose: 'marketing', quota: 3, left: 0 });
    const other = { ...requestOf(6), purpose: 'fraud' };
    const receipt = fromBinary(ReceiptSchema, await meter.debit(manifest, other));
    expect(receipt.leftToday).toBe(1n);
    const more = await refused(meter.debit(manifest, { ...requestOf(2), purpose: 'fraud' }));
    expect(more.facts).toMatchObject({ span: 'day', quota: 10, left: 1 });
    expect(more.facts).not.toHaveProperty('purpose');
  });

  test('is not spent by what was refused', async () => {
    const { open } = opened();
    using meter = open();
    const manifest = manifestOf({ perSecond: 100n, perDay: 10n });
    await refused(meter.debit(manifest, requestOf(11)));
    await meter.debit(manifest, requestOf(10));
  });

  test('holds against 64 callers at once, to the last item', async () => {
    const { open } = opened();
    using meter = open();
    const manifest = manifestOf({ perDay: 100n });
    const results = await Promise.allSettled(
      Array.from({ length: 640 }, (_, i) => meter.debit(manifest, requestOf(1 + (i % 3)))),
    );
    const answered = results.flatMap((result) =>
      result.status === 'fulfilled' ? [fromBinary(ReceiptSchema, result.value).items ?? 0] : [],
    );
    const items = answered.reduce((sum, each) => sum + each, 0);
    expect(items).toBe(meter.total('bank', 'members'));
    expect(items).toBe(100);
  });

  test('is of each tenant and table by itself', async () => {
    const { open } = opened();
    using meter = open();
    const manifest = manifestOf({ perDay: 5n });
    await meter.debit(manifest, requestOf(5));
    await meter.debit({ ...manifest, tenant: 'other' }, requestOf(5));
    await meter.debit({ ...manifest, datasetId: 'another' }, requestOf(5));
    await refused(meter.debit(manifest, requestOf(1)));
  });
});

describe('a retry', () => {
  test('gets the same receipt and is billed once, also by the next process', async () => {
    const { clock, open } = opened();
    const request = requestOf(3, 77);
    const manifest = manifestOf({ perDay: 3n });
    let first: Uint8Array;
    {
      using meter = open();
      first = await meter.debit(manifest, request);
      clock.now += 1234;
      expect(await meter.debit(manifest, request)).toEqual(first);
    }
    using again = open();
    expect(await again.debit(manifest, request)).toEqual(first);
    expect(again.total('bank', 'members')).toBe(3);
  });

  test('that comes with the first is billed once', async () => {
    const { open } = opened();
    using meter = open();
    const request = requestOf(3);
    const receipts = await Promise.all(
      Array.from({ length: 8 }, () => meter.debit(manifestOf({}), request)),
    );
    expect(new Set(receipts.map((each) => Buffer.from(each).toString('hex'))).size).toBe(1);
    expect(meter.total('bank', 'members')).toBe(3);
  });

  test('with other content is refused', async () => {
    const { open } = opened();
    using meter = open();
    const request = requestOf(3);
    await meter.debit(manifestOf({}), request);
    const changes = [{ purpose: 'else' }, { versionId: 'v2' }, { blinded: new Uint8Array(96) }];
    for (const change of changes) {
      const error = await refused(meter.debit(manifestOf({}), { ...request, ...change }));
      expect(error.code).toBe('already-exists');
    }
  });
});

test('receipts are numbered, and each names the one before, across processes', async () => {
  const { open } = opened();
  const receipts = [];
  for (let i = 0; i < 3; i++) {
    using meter = open();
    receipts.push(fromBinary(ReceiptSchema, await meter.debit(manifestOf({}), requestOf(1))));
  }
  expect(receipts.map(({ sequence }) => sequence)).toEqual([1n, 2n, 3n]);
  expect(new Set(receipts.map(({ previous }) => Buffer.from(previous).toString('hex'))).size).toBe(
    3,
  );
});

test('two processes do not serve from one file', () => {
  const { open } = opened();
  using meter = open();
  expect(() => open()).toThrow(/another process/);
  expect(meter.total('bank', 'members')).toBe(0);
});

test('what is used and left is told by day and epoch, for a purpose and for all together', async () => {
  const { clock, open } = opened();
  using meter = open();
  const manifest = manifestOf({ perSecond: 9n, perDay: 10n });
  await meter.debit(manifest, requestOf(4));
  expect(meter.usage(manifest, '')).toEqual([
    { span: 'day', used: 4, left: 6 },
    { span: 'epoch', used: 4, left: undefined },
  ]);
  expect(meter.usage(manifest, 'marketing').map(({ used }) => used)).toEqual([4, 4]);
  expect(meter.usage(manifest, 'else').map(({ used }) => used)).toEqual([0, 0]);
  clock.now += DAY_MS;
  expect(meter.usage(manifest, '').map(({ used }) => used)).toEqual([0, 4]);
});
