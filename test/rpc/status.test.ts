/** Goal: a failure crosses gRPC whole to an operator, and as little more than a code to a peer. */
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ERROR_CODES, SottoError } from '../../src/base/errors.ts';
import { DETAILS_KEY, decodeDetails } from '../../src/rpc/error-details.ts';
import { type Audience, fromStatus, toStatus } from '../../src/rpc/status.ts';

function crossed(error: SottoError, audience: Audience): SottoError {
  const { code, details, metadata } = toStatus(error, audience);
  return fromStatus(
    Object.assign(new Error(), { code, details, metadata }) as ServiceError,
    audience,
  );
}

test('every code has a status of its own, and comes back', () => {
  const statuses = ERROR_CODES.map((code) => toStatus(new SottoError(code, 'x'), 'peer').code);
  expect(new Set(statuses).size).toBe(ERROR_CODES.length);
  for (const code of ERROR_CODES)
    expect(crossed(new SottoError(code, 'x'), 'peer').code).toBe(code);
});

test('an operator receives message and facts, with their types', () => {
  const facts = { row: 12, column: 'income', strict: true, text: '012' };
  const error = new SottoError('invalid-argument', 'a value is not a number', facts);
  expect(crossed(error, 'operator').toRecord()).toEqual(error.toRecord());
});

test('a peer receives neither message, cause nor facts', () => {
  const cause = new Error('secret');
  const error = new SottoError('verification-failed', 'secret', { secret: 'secret' }, { cause });
  const { details, metadata } = toStatus(error, 'peer');
  expect(JSON.stringify([details, metadata.getMap()])).not.toContain('secret');
  expect(Buffer.from(metadata.get(DETAILS_KEY)[0]!).toString('latin1')).not.toContain('secret');
  expect(crossed(error, 'peer').facts).toEqual({});
});

test('a peer learns which field it disagrees on', () => {
  const error = new SottoError('parameters-rejected', 'x', { field: 'spec.train.passes' });
  expect(crossed(error, 'peer').facts).toEqual({ field: 'spec.train.passes' });
});

test('a status of a stranger keeps its code, and none of its text', () => {
  const stranger = { code: status.UNAVAILABLE, details: 'secret', metadata: new Metadata() };
  const error = fromStatus(Object.assign(new Error('secret'), stranger), 'peer', { peer: 'bank' });
  expect(error.code).toBe('peer-unavailable');
  expect(error.describe()).not.toContain('secret');
  expect(error.facts).toEqual({ peer: 'bank', status: 'UNAVAILABLE' });
});

test('facts of the other side never replace ours', () => {
  const { code, details, metadata } = toStatus(
    new SottoError('parameters-rejected', 'x', { peer: 'mallory' }),
    'peer',
  );
  const error = Object.assign(new Error(), { code, details, metadata });
  expect(fromStatus(error, 'peer', { peer: 'bank' }).facts).toEqual({ peer: 'bank' });
});

test('arbitrary bytes as details are read without a crash', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      decodeDetails(bytes);
      return true;
    }),
    { numRuns: 3_000 },
  );
});
