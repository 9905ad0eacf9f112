import { expect, test } from 'vitest';
import { builtStamp, sourceStamp } from '../../src/kernels/build.ts';

test('the kernels under test are those of the sources: npm run prepare', () => {
  expect(builtStamp()).toBe(sourceStamp());
});
