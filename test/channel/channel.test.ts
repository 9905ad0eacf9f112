import { create, toBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { SottoError } from '../../src/base/errors.ts';
import { Channel } from '../../src/channel/channel.ts';
import { decode } from '../../src/channel/decode.ts';
import { HEADER_BYTES, MAX_BODY_BYTES } from '../../src/channel/frames.ts';
import { MAX_FRAME_BYTES, type Transport } from '../../src/channel/transport.ts';
import {
  ConverseRequestSchema as Bulk,
  LinkRequestSchema as Hello,
  LinkResponseSchema as Wider,
} from '../../src/gen/sotto/peer/v1/peer_pb.ts';
import {
  BucketFetchSchema,
  GetManifestResponseSchema,
  QueryRequestSchema,
  QueryResponseSchema,
  SignedManifestSchema,
  SignedReceiptSchema,
} from '../../src/gen/sotto/tag/v1/tag_pb.ts';
import { memoryPair } from '../support/memory-pair.ts';
import { Recorder } from '../support/recorder.ts';

const pair = (): [Channel, Channel] => {
  const [a, b] = memoryPair();
  return [new Channel(a), new Channel(b)];
};

test('messages of every length around the frame size arrive as they were sent', async () => {
  const overhead = HEADER_BYTES + 5 + Bulk.typeName.length + 4;
  const lengths = [0, 1, MAX_FRAME_BYTES - overhead];
  for (const edge of [MAX_FRAME_BYTES - overhead, MAX_FRAME_BYTES + MAX_BODY_BYTES - overhead]) {
    for (let length = edge - 3; length <= edge + 3; length += 1) lengths.push(length);
  }
  const [a, b] = pair();
  const sending = (async () => {
    for (const length of lengths)
      await a.send(Bulk, { frame: new Uint8Array(length).fill(length) });
    await a.finish();
  })();
  for (const length of lengths) {
    const { frame } = await b.receive(Bulk, length + 8);
    expect(Buffer.compare(frame, new Uint8Array(length).fill(length))).toBe(0);
  }
  await Promise.all([sending, b.finish()]);
  expect(a.traffic.sent).toBe(b.traffic.received);
  expect(b.traffic.sent).toBe(a.traffic.received);
});

test('both sides may send at the same time what fits into no buffer', async () => {
  const ends = pair();
  const big = new Uint8Array(5 * MAX_FRAME_BYTES).fill(9);
  await Promise.all(
    ends.map(async (channel) => {
      const [, heard] = await Promise.all([
        channel.send(Bulk, { frame: big }),
        channel.receive(Bulk, big.length + 8),
      ]);
      expect(heard.frame.length).toBe(big.length);
      await channel.finish();
    }),
  );
});

test('calls without waiting keep their order', async () => {
  const [a, b] = pair();
  const versions = ['1', '2', '3', '4'];
  const heard = Promise.all(versions.map(() => b.receive(Hello, 10)));
  await Promise.all(versions.map((version) => a.send(Hello, { version })));
  expect((await heard).map(({ version }) => version)).toEqual(versions);
});

test('a message that is not the one due is refused, at both sides', async () => {
  const [a, b] = pair();
  await a.send(Bulk, { frame: new Uint8Array(3) });
  const error = await b.receive(Hello, 100).catch((thrown: SottoError) => thrown);
  expect(error).toMatchObject({ code: 'protocol-violation', facts: { expected: Hello.typeName } });
  await b.fail(error as SottoError);
  await expect(a.receive(Hello, 100)).rejects.toMatchObject({
    code: 'protocol-violation',
    facts: { reportedBy: 'peer' },
  });
});

test('a message that is too long is refused when its first frame arrives', async () => {
  const [a, b] = pair();
  const sending = a.send(Bulk, { frame: new Uint8Array(3 * MAX_FRAME_BYTES) });
  const refused = await b.receive(Bulk, 1000).catch((thrown: SottoError) => thrown);
  expect(refused).toMatchObject({
    code: 'protocol-violation',
    facts: { atMost: 1000, received: 3 * MAX_FRAME_BYTES + 5 },
  });
  expect(b.traffic.received).toBeLessThan(MAX_FRAME_BYTES + 200);
  await b.fail(refused as SottoError);
  await expect(sending).rejects.toMatchObject({ code: 'protocol-violation' });
});

test('a field that is not in the schema is refused', async () => {
  const smuggled = toBinary(Wider, create(Wider, { version: '1', conversationId: 'more' }));
  const [left, b] = memoryPair();
  const a = new Channel(left);
  // The wider message under the narrower name.
  const disguised = { ...Wider, typeName: Hello.typeName } as unknown as typeof Wider;
  await a.send(disguised, { version: '1', conversationId: 'more' });
  await expect(new Channel(b).receive(Hello, smuggled.length)).rejects.toMatchObject({
    code: 'protocol-violation',
    facts: { message: Hello.typeName, field: 2 },
  });
});

test('a field that is not in the schema of a message within a message is refused', () => {
  const smuggled = create(SignedReceiptSchema);
  smuggled.$unknown = [{ no: 99, wireType: 0, data: Uint8Array.of(1) }];
  const told = {
    code: 'protocol-violation',
    facts: { message: SignedReceiptSchema.typeName, field: 99 },
  };
  const bytes = toBinary(QueryResponseSchema, create(QueryResponseSchema, { receipt: smuggled }));
  expect(() => decode(QueryResponseSchema, bytes)).toThrow(expect.objectContaining(told));
  const fetched = create(BucketFetchSchema, { buckets: [1] });
  fetched.$unknown = [{ no: 98, wireType: 0, data: Uint8Array.of(1) }];
  const chosen = create(QueryRequestSchema, { fetch: { case: 'bucket', value: fetched } });
  expect(() => decode(QueryRequestSchema, toBinary(QueryRequestSchema, chosen))).toThrow(
    expect.objectContaining({ facts: { message: BucketFetchSchema.typeName, field: 98 } }),
  );
  const last = create(SignedManifestSchema);
  last.$unknown = [{ no: 97, wireType: 0, data: Uint8Array.of(1) }];
  const listed = create(GetManifestResponseSchema, {
    manifests: [create(SignedManifestSchema), last],
  });
  expect(() =>
    decode(GetManifestResponseSchema, toBinary(GetManifestResponseSchema, listed)),
  ).toThrow(
    expect.objectContaining({ facts: { message: SignedManifestSchema.typeName, field: 97 } }),
  );
});

test('parties with different contexts do not converse', async () => {
  const [left, right] = memoryPair();
  const a = new Channel(left, { context: new Uint8Array([1]) });
  const b = new Channel(right, { context: new Uint8Array([2]) });
  await a.send(Hello, { version: '1' });
  await expect(b.receive(Hello, 100)).rejects.toMatchObject({ code: 'verification-failed' });
});

test('the peer learns the code of a failure, and a field only of rejected parameters', async () => {
  const told = async (error: SottoError): Promise<SottoError> => {
    const [a, b] = pair();
    const hearing = b.receive(Hello, 100).catch((thrown: SottoError) => thrown);
    await a.fail(error);
    return (await hearing) as SottoError;
  };
  const facts = { field: 'min_rows', found: 3 };
  const rejected = await told(new SottoError('parameters-rejected', 'why exactly', facts));
  expect(rejected.toRecord()).toEqual({
    code: 'parameters-rejected',
    message: 'the peer ended the conversation',
    facts: { reportedBy: 'peer', field: 'min_rows' },
  });
  const data = await told(new SottoError('parameters-rejected', '', { field: 'Jane Doe, 42' }));
  expect(data.facts).toEqual({ reportedBy: 'peer' });
  const internal = await told(new SottoError('internal', 'secret', facts));
  expect(internal).toMatchObject({ code: 'internal', facts: { reportedBy: 'peer' } });
});

test('who only sends learns why its peer left', async () => {
  const [a, b] = pair();
  const sending = (async () => {
    for (;;) await a.send(Bulk, { frame: new Uint8Array(MAX_FRAME_BYTES / 2) });
  })().catch((thrown: SottoError) => thrown);
  await b.receive(Bulk, MAX_FRAME_BYTES);
  await b.fail(new SottoError('budget-exhausted', 'no room'));
  expect(await sending).toMatchObject({ code: 'budget-exhausted' });
});

test('who computes, and neither sends nor receives, knows when its peer leaves and why', async () => {
  const [a, b] = pair();
  await Promise.all([a.send(Hello, { version: '1' }), b.receive(Hello, 10)]);
  expect(b.ended.aborted).toBe(false);
  const noticed = new Promise((resolve) => {
    b.ended.addEventListener('abort', () => resolve(b.ended.reason));
  });
  await a.fail(new SottoError('cancelled', 'somebody asked for it'));
  expect(await noticed).toMatchObject({ code: 'cancelled', facts: { reportedBy: 'peer' } });
  await expect(b.send(Hello, {})).rejects.toMatchObject({ code: 'cancelled' });
});

test('a conversation that was finished has not ended early', async () => {
  const [a, b] = pair();
  await Promise.all([a.finish(), b.finish()]);
  expect([a.ended.aborted, b.ended.aborted]).toEqual([false, false]);
});

test('an end without a word is peer-unavailable, and every later call says the same', async () => {
  const [left, right] = memoryPair();
  const a = new Channel(left);
  const hearing = a.receive(Hello, 100);
  await right.close();
  await expect(hearing).rejects.toMatchObject({ code: 'peer-unavailable' });
  await expect(a.send(Hello, {})).rejects.toMatchObject({ code: 'peer-unavailable' });
  await expect(a.finish()).rejects.toMatchObject({ code: 'peer-unavailable' });
});

test('a transport that breaks is peer-unavailable', async () => {
  const broken: Transport = {
    write: () => Promise.reject(new Error('EPIPE')),
    read: () => Promise.reject(new Error('ECONNRESET')),
    close: () => Promise.reject(new Error('EBADF')),
  };
  const channel = new Channel(broken);
  await expect(channel.receive(Hello, 100)).rejects.toMatchObject({ code: 'peer-unavailable' });
  await expect(new Channel(broken).send(Hello, {})).rejects.toMatchObject({
    code: 'peer-unavailable',
  });
  await channel.fail(new SottoError('internal', ''));
});

test('a silent peer, and one that takes nothing, run into the deadline', async () => {
  const [left, right] = memoryPair();
  const silent = new Channel(left, { timeoutMs: 20 });
  await expect(silent.receive(Hello, 100)).rejects.toMatchObject({
    code: 'deadline-exceeded',
    facts: { timeoutMs: 20 },
  });
  const unread = new Channel(right, { timeoutMs: 20 });
  const full = unread.send(Bulk, { frame: new Uint8Array(4 * MAX_FRAME_BYTES) });
  await expect(full).rejects.toMatchObject({ code: 'deadline-exceeded' });
});

test('an aborted signal ends a wait at once, and the peer is told', async () => {
  const [left, right] = memoryPair();
  const stop = new AbortController();
  const a = new Channel(left, { signal: stop.signal });
  const b = new Channel(right);
  const hearing = a.receive(Hello, 100);
  stop.abort();
  const error = await hearing.catch((thrown: SottoError) => thrown);
  expect(error).toMatchObject({ code: 'cancelled' });
  await a.fail(error as SottoError);
  await expect(b.receive(Hello, 100)).rejects.toMatchObject({ code: 'cancelled' });
});

test('an observer sees every message, whole, at both ends', async () => {
  const [left, right] = memoryPair();
  const views = [new Recorder(), new Recorder()] as const;
  const a = new Channel(left, { observe: views[0].observe });
  const b = new Channel(right, { observe: views[1].observe });
  const frame = new Uint8Array(2 * MAX_FRAME_BYTES).fill(3);
  await Promise.all([a.send(Bulk, { frame }), b.receive(Bulk, frame.length + 8)]);
  expect(views[0].messages).toEqual([
    { direction: 'sent', typeName: Bulk.typeName, bytes: views[1].messages[0]!.bytes },
  ]);
  expect(views[1].heard(Bulk)[0]!.frame.length).toBe(frame.length);
});
