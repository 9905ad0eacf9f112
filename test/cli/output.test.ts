/** Numbers, errors and progress as a person reads them. */
import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { SottoError } from '../../src/base/errors.ts';
import { wrapped } from '../../src/cli/demo/summary.ts';
import { bytesText, secondsText, sentence, table } from '../../src/cli/output.ts';
import { progressText } from '../../src/cli/progress.ts';
import { JobSchema, JobState } from '../../src/gen/sotto/job/v1/job_pb.ts';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_000, '1.0 kB'],
  [12_345_678, '12.3 MB'],
  [987_654_321_000, '988 GB'],
])('%d bytes are %s', (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
});

test.each([
  [0.4, '0 s'],
  [59.4, '59 s'],
  [61, '1 min 01 s'],
  [3_661, '1 h 01 min'],
])('%d seconds are %s', (seconds, text) => {
  expect(secondsText(seconds)).toBe(text);
});

test('an error tells the facts that its message does not mention, and its code', () => {
  const error = new SottoError('parameters-rejected', 'spec.train.passes is outside 1..50', {
    field: 'spec.train.passes',
    found: 70,
  });
  expect(sentence(error)).toBe(
    'spec.train.passes is outside 1..50 (found: 70) [parameters-rejected]',
  );
});

test('a running job shows how far it is, what crossed the wire, and how long it will take', () => {
  const job = create(JobSchema, {
    state: JobState.RUNNING,
    progress: {
      phase: 'train',
      detail: 'pass 3 of 10',
      percent: 50,
      etaSeconds: 8,
      bytesSent: 1_500_000n,
      bytesReceived: 900_000n,
    },
  });
  expect(progressText(job)).toBe(
    `[${'#'.repeat(12)}${' '.repeat(12)}]  50 %  train, pass 3 of 10  1.5 MB sent, 900 kB received  8 s to go`,
  );
});

test('a job that waits says for what, and promises no time', () => {
  const job = create(JobSchema, { state: JobState.AWAITING_APPROVAL });
  expect(progressText(job)).toMatch(/ 0 % {2}awaiting approval$/);
});

test('columns of a table line up', () => {
  expect(table(['id', 'state'], [['a-long-id', 'running']])).toBe(
    'id         state\na-long-id  running',
  );
});

test('a wrapped text loses no word and keeps to its width', () => {
  const text = 'how many rows the other party brings and which of them both have';
  const lines = wrapped(text, 20);
  expect(lines.join(' ')).toBe(text);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(20);
});
