/** Results left in shared memory, instead of being moved from thread to thread. */
import { SottoError } from '../base/errors.ts';

/** A view of a SharedArrayBuffer. */
export type SharedView = Uint8Array | Uint32Array | Int16Array | Int32Array;

/** Where a whole result goes, or its fields by name. */
export type Into = SharedView | Readonly<Record<string, SharedView>>;

/** Copies a result, or its named fields, to where it is wanted, and gives it back with those views in it. */
export function leave(result: unknown, into: Into | undefined): unknown {
  if (into === undefined) return result;
  if (ArrayBuffer.isView(into)) return copied(result, into);
  const fields: Record<string, unknown> = { ...(result as object) };
  for (const [name, target] of Object.entries(into)) fields[name] = copied(fields[name], target);
  return fields;
}

function copied(source: unknown, target: SharedView): SharedView {
  const { length } = source as SharedView;
  if (length !== target.length || source?.constructor !== target.constructor) {
    throw new SottoError('internal', 'a result does not fit the place it is to be left in', {
      expected: target.length,
      actual: length,
    });
  }
  target.set(source as SharedView);
  return target;
}
