/** Job files: YAML of the JobSpec message (its proto JSON mapping), checked field by field so that errors have lines. */
import {
  type DescField,
  type DescMessage,
  fromJson,
  type JsonValue,
  ScalarType,
} from '@bufbuild/protobuf';
import { SottoError } from '../base/errors.ts';
import { type JobSpec, JobSpecSchema } from '../gen/sotto/job/v1/agreement_pb.ts';
import {
  type Complaint,
  complain,
  found,
  nearest,
  type Path,
  readYaml,
  unknownKey,
  type YamlFile,
} from './yaml.ts';

/** Reads a job file; whatever is not a JobSpec is `invalid-argument` with its line. */
export function loadJobFile(path: string): JobSpec {
  return jobSpec(readYaml(path));
}

export function jobSpec(file: YamlFile): JobSpec {
  const complaints = mistakes(JobSpecSchema, file.value, []);
  if (complaints.length > 0) throw complain(file, complaints);
  try {
    return fromJson(JobSpecSchema, file.value as JsonValue);
  } catch (cause) {
    // What the walk below does not cover, e.g. two members of the oneof: the codec's sentence names the field.
    const reason = cause instanceof Error ? cause.message : 'not a job';
    throw new SottoError('invalid-argument', `${file.name}: ${reason}`, {}, { cause });
  }
}

function mistakes(message: DescMessage, value: unknown, path: Path): Complaint[] {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    const what = path.length === 0 ? 'a job file' : `"${path.at(-1)}"`;
    return [{ path, at: 'value', text: `${what} must be a map, found ${found(value)}` }];
  }
  const complaints: Complaint[] = [];
  for (const [key, inner] of Object.entries(value)) {
    const field = message.fields.find(({ name, jsonName }) => key === name || key === jsonName);
    if (field === undefined) {
      const allowed = message.fields.map(({ jsonName }) => jsonName);
      complaints.push({ path: [...path, key], at: 'key', text: unknownKey(key, allowed) });
    } else {
      complaints.push(...ofField(field, inner, [...path, key]));
    }
  }
  return complaints;
}

function ofField(field: DescField, value: unknown, path: Path): Complaint[] {
  // YAML's `align:` with nothing behind it is null; for a message without fields that is what one writes.
  if (field.fieldKind === 'message') return mistakes(field.message, value, path);
  if (field.fieldKind === 'list') {
    if (!Array.isArray(value)) {
      return [
        { path, at: 'value', text: `"${path.at(-1)}" must be a list, found ${found(value)}` },
      ];
    }
    return value.flatMap((item, index) =>
      field.listKind === 'message' ? mistakes(field.message, item, [...path, index]) : [],
    );
  }
  if (field.fieldKind === 'enum') {
    const names = field.enum.values.map((allowed) => allowed.name);
    if (typeof value === 'string' && names.includes(value)) return [];
    const near = typeof value === 'string' ? nearest(value, names) : undefined;
    const hint = near === undefined ? `one of ${names.join(', ')}` : `e.g. ${near}`;
    return [{ path, at: 'value', text: `"${path.at(-1)}" must be ${hint}, found ${found(value)}` }];
  }
  if (field.fieldKind === 'scalar') return ofScalar(field.scalar, value, path);
  return [];
}

function ofScalar(scalar: ScalarType, value: unknown, path: Path): Complaint[] {
  const [kind, fits] = expected(scalar);
  if (fits(value)) return [];
  return [{ path, at: 'value', text: `"${path.at(-1)}" must be ${kind}, found ${found(value)}` }];
}

function expected(scalar: ScalarType): readonly [string, (value: unknown) => boolean] {
  switch (scalar) {
    case ScalarType.STRING:
      return ['a text (quote it if it looks like a number)', (value) => typeof value === 'string'];
    case ScalarType.BOOL:
      return ['true or false', (value) => typeof value === 'boolean'];
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return ['a number', (value) => typeof value === 'number' && Number.isFinite(value)];
    case ScalarType.UINT32:
      return [
        'a whole number from 0 to 4294967295',
        (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 32,
      ];
    default:
      return ['a value of its type', () => true];
  }
}
