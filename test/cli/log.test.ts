/** The log says what its table of events allows and nothing else. */
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import type { LogEvent } from '../../src/base/events.ts';
import { openLog } from '../../src/cli/log.ts';

function written(level: 'debug' | 'info', events: readonly LogEvent[]): Record<string, unknown>[] {
  let text = '';
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  const { log } = openLog(level, sink);
  for (const event of events) log(event);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

const CHANGED = {
  event: 'job-changed',
  job: '0123',
  peer: 'company',
  state: 'FAILED',
  code: 'peer-unavailable',
  bytesSent: 1,
  bytesReceived: 2,
} as const;

test('an event is one JSON line with its fields, a level and a time', () => {
  const [line, ...more] = written('info', [CHANGED]);
  expect(line).toMatchObject(CHANGED);
  expect(line!.time).toMatch(/^\d{4}-\d\d-\d\dT/);
  expect(more).toEqual([]);
});

test('a field that the table does not name is not written, whatever smuggled it in', () => {
  const smuggled = { ...CHANGED, id: 'CANARY-4711', row: { label: 'CANARY-bad' } };
  expect(JSON.stringify(written('info', [smuggled]))).not.toContain('CANARY');
});

test('a field cannot carry a table: long texts are cut and objects left out', () => {
  const long = { ...CHANGED, job: 'x'.repeat(5_000), peer: ['CANARY'] as unknown as string };
  const [line] = written('info', [long]);
  expect(String(line!.job).length).toBe(200);
  expect(line).not.toHaveProperty('peer');
});

test('phases of a job are written only when asked for', () => {
  const phase = {
    event: 'job-phase',
    job: '1',
    phase: 'align',
    bytesSent: 1,
    bytesReceived: 2,
  } as const;
  expect(written('info', [phase])).toEqual([]);
  expect(written('debug', [phase])).toHaveLength(1);
});
