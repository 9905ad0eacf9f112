/** Goal: a bank's own systems get tags, nobody on the network does, and no answer or log quotes an id. */
import { readFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { create } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SottoError } from '../../src/base/errors.ts';
import type { LogEvent } from '../../src/base/events.ts';
import { LookupResultSchema, TagSchema } from '../../src/gen/sotto/tag/v1/tag_pb.ts';
import { openSidecar, type Sidecar, type SidecarOptions } from '../../src/rpc/tag-sidecar.ts';
import { type KeyFolder, keyFolder } from '../support/certificates.ts';

let keys: KeyFolder;
beforeAll(async () => {
  keys = await keyFolder();
});
afterAll(() => keys[Symbol.asyncDispose]());

const SECRET_ID = '13800138000';

/** Knows one id; fails as a fault of ours would for another. */
const lookup: SidecarOptions['lookup'] = async (dataset, ids) => {
  if (dataset !== 'members')
    throw new SottoError('not-found', 'no such mirror', { field: 'dataset_id' });
  if (ids.includes('boom')) throw new Error(`cannot read properties of ${SECRET_ID}`);
  const results = ids.map((id) =>
    create(LookupResultSchema, {
      found: id === SECRET_ID,
      tags:
        id === SECRET_ID
          ? [create(TagSchema, { name: 'tier', value: { case: 'enumValue', value: 'gold' } })]
          : [],
    }),
  );
  return { versionId: 'v1', results };
};

async function post(
  { http }: Sidecar,
  body: string,
  { type = 'application/json', path = '/v1/lookup', method = 'POST' } = {},
): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://${http}${path}`, {
    method,
    headers: { 'content-type': type },
    ...(method === 'POST' ? { body } : {}),
  });
  return { status: response.status, text: await response.text() };
}

const open = (options: Partial<SidecarOptions> = {}): Promise<Sidecar> =>
  openSidecar({ http: '127.0.0.1:0', lookup, ...options });

describe('over HTTP', () => {
  test('found and not found have one shape', async () => {
    await using sidecar = await open();
    const { status, text } = await post(
      sidecar,
      JSON.stringify({ datasetId: 'members', ids: [SECRET_ID, '1'] }),
    );
    expect(status).toBe(200);
    expect(JSON.parse(text)).toEqual({
      versionId: 'v1',
      results: [
        { found: true, tags: [{ name: 'tier', enumValue: 'gold' }] },
        { found: false, tags: [] },
      ],
    });
  });

  test.each([
    ['no JSON', `{"ids": ["${SECRET_ID}"`, {}, 400],
    ['an unknown field', `{"datasetId": "members", "id": "${SECRET_ID}"}`, {}, 400],
    [
      'another type',
      JSON.stringify({ datasetId: 'members', ids: [SECRET_ID] }),
      { type: 'text/plain' },
      400,
    ],
    ['another path', '{}', { path: `/v1/${SECRET_ID}` }, 404],
    ['another method', '', { method: 'GET' }, 404],
    ['an unknown dataset', `{"datasetId": "${SECRET_ID}", "ids": []}`, {}, 404],
    ['too long a request', `{"datasetId": "members", "ids": ["${'1'.repeat(5 << 20)}"]}`, {}, 400],
    ['a fault of ours', '{"datasetId": "members", "ids": ["boom"]}', {}, 500],
  ])('%s is refused, and never quoted', async (_, body, how, expected) => {
    const events: LogEvent[] = [];
    await using sidecar = await open({ log: (event) => void events.push(event) });
    const { status, text } = await post(sidecar, body, how);
    expect(status).toBe(expected);
    expect(text).not.toContain(SECRET_ID);
    expect(JSON.stringify(events)).not.toContain(SECRET_ID);
    expect(JSON.parse(text).error.code).toMatch(/^[a-z-]+$/);
  });
});

describe('who gets in', () => {
  test.each(['0.0.0.0:0', '192.168.1.1:80', 'example.org:80', '[::]:0'])(
    'without TLS not from %s: ids would cross the network in the clear',
    async (address) => {
      for (const field of ['http', 'grpc'] as const) {
        const refused = await openSidecar({ [field]: address, lookup }).then(
          () => undefined,
          (thrown: SottoError) => thrown,
        );
        expect(refused?.facts).toEqual({ field });
      }
    },
  );

  const ask = (sidecar: Sidecar, caller: string | undefined): Promise<number | string> =>
    new Promise((resolve) => {
      const [host, port] = sidecar.http!.split(':');
      const files = caller === undefined ? undefined : keys.files(caller);
      const request = httpsRequest(
        {
          host,
          port,
          path: '/v1/lookup',
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          ca: readFileSync(keys.files('bank').certificate),
          servername: 'bank.sotto.internal',
          ...(files && { cert: readFileSync(files.certificate), key: readFileSync(files.key) }),
        },
        (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        },
      );
      request.on('error', () => resolve('refused'));
      request.end('{"datasetId": "members", "ids": ["1"]}');
    });

  test('with TLS an operator whose certificate is pinned, and nobody else', async () => {
    const tls = { keys: await keys.party('bank'), callers: [(await keys.operator('core')).public] };
    await keys.operator('stranger');
    await using sidecar = await open({ tls });
    expect(await ask(sidecar, 'core')).toBe(200);
    expect(await ask(sidecar, 'stranger')).toBe('refused');
    expect(await ask(sidecar, undefined)).toBe('refused');
  });
});
