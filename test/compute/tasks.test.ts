import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tasks } from '../../src/compute/tasks.ts';

const SRC = join(import.meta.dirname, '../../src');

/** What may run tasks: all of src but the primitives, which they are. */
const callers = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !/^(primitives|kernels|gen|compute)\//.test(path))
  .map((path) => readFileSync(join(SRC, path), 'utf8'))
  .join('\n');

test('whatever may run on a thread is run on one somewhere', () => {
  expect(Object.keys(tasks).length).toBeGreaterThan(30);
  expect(Object.keys(tasks).filter((name) => !callers.includes(`'${name}'`))).toEqual([]);
});
