/** What steps leave, as bytes for the journal and back; and whether it still fits the data. */
import { createHash } from 'node:crypto';
import { utf8 } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import type { FeatureMatrix } from '../math/columns.ts';
import type { JobRole, Outcome } from './role.ts';
import type { Codec } from './steps.ts';

export const DIGEST_BYTES = 32;

/** Plain data: JSON gives every finite double back as it was. */
export const plain = <T>(): Codec<T> => ({
  encode: (value) => utf8(JSON.stringify(value)),
  decode: (state) => JSON.parse(Buffer.from(state).toString()) as T,
});

export const DOUBLES: Codec<Float64Array> = {
  encode: (values) => new Uint8Array(values.slice().buffer),
  decode: (state) => new Float64Array(state.slice().buffer),
};

/** A step is done, and there is nothing to keep of it. */
export const DONE: Codec<unknown> = { encode: () => new Uint8Array(0), decode: () => undefined };

/** Of a job whose files are all text. */
const OUTCOME: Codec<Outcome> = {
  encode({ artifacts, ...rest }) {
    const texts = Object.entries(artifacts).map(([name, file]) => [name, decode(file)]);
    return utf8(JSON.stringify({ ...rest, artifacts: Object.fromEntries(texts) }));
  },
  decode(state) {
    const { artifacts, ...rest } = JSON.parse(decode(state));
    const files = Object.entries<string>(artifacts).map(([name, text]) => [name, utf8(text)]);
    return { ...rest, artifacts: Object.fromEntries(files) };
  },
};
const decode = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

/** The role as one step: whoever has done it has its outcome, also once the peer has left or the table has changed. */
export const inOneStep = (name: string, role: JobRole): JobRole =>
  async function* (context) {
    return yield* context.steps.once(name, OUTCOME, () => role(context));
  };

/** Of what goes into a training. It never leaves this worker, nor does the journal that it is kept in. */
export function featuresDigest(
  matrices: readonly FeatureMatrix[],
  labels: readonly Uint8Array[],
): Uint8Array {
  const hash = createHash('sha256');
  for (const { rows, columns, values } of matrices) {
    hash.update(Float64Array.of(rows, columns)).update(values);
  }
  for (const label of labels) hash.update(label);
  return hash.digest();
}

/** A job goes on with the data that it began with, or ends: half of each would be a model of neither. */
export function requireSameData(dataset: string, before: Uint8Array, now: Uint8Array): void {
  if (Buffer.compare(before, now) === 0) return;
  throw new SottoError('invalid-argument', 'the dataset has changed since the job began', {
    dataset,
  });
}
