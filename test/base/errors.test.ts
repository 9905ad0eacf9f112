/** Goal: whatever is thrown becomes an error that says who can mend it, and quotes nothing. */
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { asSottoError, SottoError } from '../../src/base/errors.ts';

function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (thrown) {
    return thrown;
  }
  throw new Error('nothing was thrown');
}

const failed = (code: string): Error =>
  Object.assign(new Error(`${code}: /customers/C7.csv`), { code, syscall: 'open', errno: -1 });

test.each(['EMFILE', 'ENFILE', 'ENOSPC', 'EDQUOT', 'ENOMEM'])(
  '%s passes, so it is tried again, and said in words',
  (errno) => {
    const error = asSottoError(failed(errno));
    expect(error).toMatchObject({ code: 'peer-unavailable', facts: { errno } });
    expect(error.message).toMatch(/ left/);
    expect(error.describe()).not.toContain('C7');
  },
);

test('another failure of the system is ours, with its name and without its path', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-errors-'));
  const thrown = thrownBy(() => openSync(join(folder, 'customer-7'), 'r'));
  rmSync(folder, { recursive: true });
  const error = asSottoError(thrown);
  expect(error).toMatchObject({ code: 'internal', facts: { errno: 'ENOENT' }, cause: thrown });
  expect(JSON.stringify(error.toRecord())).not.toContain('customer-7');
});

test('what a library calls its code is not told', () => {
  const thrown = Object.assign(new Error('secret'), { code: 'ERR_OF_C7', syscall: 'open' });
  expect(asSottoError(thrown).facts).toEqual({});
  expect(asSottoError(Object.assign(new Error('x'), { code: 'EMFILE' })).code).toBe('internal');
});

test('an error of ours stays what it is, also as the reason of an abort', () => {
  const own = new SottoError('budget-exhausted', 'no room', { left: 0 });
  expect(asSottoError(own)).toBe(own);
  expect(asSottoError(new DOMException('aborted', 'AbortError')).code).toBe('cancelled');
});
