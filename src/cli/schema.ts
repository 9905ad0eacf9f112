/** Checks a parsed YAML file against a strict zod schema, and words what is wrong by line, found and expected. */
import { z } from 'zod';
import { type Complaint, complain, found, type Path, unknownKey, type YamlFile } from './yaml.ts';

/** The value as the schema types it; otherwise `invalid-argument` naming every wrong line. */
export function checked<S extends z.ZodType>(file: YamlFile, schema: S): z.output<S> {
  const result = schema.safeParse(file.value ?? {});
  if (result.success) return result.data;
  throw complain(
    file,
    result.error.issues.flatMap((issue) => worded(file.value, schema, issue)),
  );
}

type Issue = z.core.$ZodIssue;

function worded(root: unknown, schema: z.ZodType, issue: Issue): Complaint[] {
  const path = issue.path.filter((step) => typeof step !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    const allowed = keysAt(schema, path);
    return issue.keys.map((key) => ({
      path: [...path, key],
      at: 'key',
      text: unknownKey(key, allowed),
    }));
  }
  const value = valueAt(root, path);
  const name = path.length === 0 ? 'the file' : dotted(path);
  if (value === undefined && path.length > 0) {
    const text = `"${String(path.at(-1))}" is missing: ${expectation(issue)}`;
    return [{ path: path.slice(0, -1), at: 'value', text }];
  }
  const text = `${name}: ${expectation(issue)}, found ${found(value)}`;
  return [{ path, at: 'value', text }];
}

/** What would have been right, in words. */
function expectation(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${article(issue.expected)}`;
    case 'invalid_value':
      return `expected one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return `expected ${amount(issue.origin)} of at least ${issue.minimum}`;
    case 'too_big':
      return `expected ${amount(issue.origin)} of at most ${issue.maximum}`;
    case 'invalid_key':
    case 'invalid_element':
      return issue.issues[0] === undefined ? issue.message : expectation(issue.issues[0]);
    default:
      return issue.message;
  }
}

function article(type: string): string {
  const names: Readonly<Record<string, string>> = {
    object: 'a map',
    record: 'a map',
    array: 'a list',
    int: 'a whole number',
    boolean: 'true or false',
    string: 'a text',
    number: 'a number',
  };
  return names[type] ?? type;
}

function amount(origin: string): string {
  if (origin === 'array') return 'a list';
  return origin === 'string' ? 'a text' : 'a number';
}

/** `datasets.customers.offeredTo[0].peer` */
export function dotted(path: Path): string {
  return path
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`;
      return index === 0 ? step : `.${step}`;
    })
    .join('');
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      value !== null && typeof value === 'object'
        ? (value as Record<string | number, unknown>)[step]
        : undefined,
    root,
  );
}

/** The keys that the object at the path may have. */
function keysAt(schema: z.ZodType, path: Path): string[] {
  let at: unknown = bare(schema);
  for (const step of path) {
    if (at instanceof z.ZodObject) at = bare(at.shape[step]);
    else if (at instanceof z.ZodArray) at = bare(at.element);
    else if (at instanceof z.ZodRecord) at = bare(at.valueType);
    else return [];
  }
  return at instanceof z.ZodObject ? Object.keys(at.shape) : [];
}

/** The schema without its defaults and optionality. */
function bare(schema: unknown): unknown {
  let at = schema;
  while (at instanceof z.ZodOptional || at instanceof z.ZodDefault || at instanceof z.ZodPrefault) {
    at = at.unwrap();
  }
  return at;
}
