/** Ids brought to one form before they are compared: a declared list of steps, equal at both parties. */
import { SottoError } from '../base/errors.ts';

/** A step gives the next form, or undefined for what cannot be an id of its sort. */
type Step = (id: string) => string | undefined;

/** E.164: at most 15 digits with the country code. Fewer than 5 name an extension, not a subscriber. */
const PHONE_DIGITS = /^[0-9]{5,15}$/;
/** What people write between the digits: blanks, brackets, dots, slashes, any dash, one leading plus. */
const PHONE_MARKS = /[\s().\-/\p{Dash_Punctuation}]/gu;
const EMAIL = /^[^\s@]+@[^\s@]+$/u;

const STEPS: Readonly<Record<string, Step>> = {
  /** Without white space at either end. */
  trim: (id) => id.trim(),
  /** Unicode normalisation form C: an accent composed or apart is one id. */
  nfc: (id) => id.normalize('NFC'),
  /** Unicode's default lower case, the same in every locale. */
  lowercase: (id) => id.toLowerCase(),
  /**
   * Digits alone. Full-width digits count as digits; letters are refused, since 'ext. 3' would join
   * the number. The country code stays as written: both sides must write it, or both leave it out.
   */
  'phone-digits': (id) => {
    const digits = id.normalize('NFKC').replace(PHONE_MARKS, '').replace(/^\+/, '');
    return PHONE_DIGITS.test(digits) ? digits : undefined;
  },
  /** Trimmed, NFC, lower case on both sides of one '@'. Dots and '+tags' stay: they may be other people. */
  email: (id) => {
    const address = id.trim().normalize('NFC').toLowerCase();
    return EMAIL.test(address) ? address : undefined;
  },
};

export const ID_NORMALIZATION_STEPS: readonly string[] = Object.keys(STEPS);

/**
 * The steps as one function, applied in the declared order; it gives undefined for what is empty or
 * no id of its sort. An unknown step is refused by name.
 */
export function idNormalizer(steps: readonly string[]): Step {
  const known = steps.map((name, index) => {
    if (Object.hasOwn(STEPS, name)) return STEPS[name]!;
    throw new SottoError('invalid-argument', `no step of id normalisation is called '${name}'`, {
      field: `idNormalization[${index}]`,
      known: ID_NORMALIZATION_STEPS.join(', '),
    });
  });
  return (id) => {
    let form: string | undefined = id;
    for (const step of known) form = form === undefined ? undefined : step(form);
    return form === '' ? undefined : form;
  };
}

/** More entries than this in one Map are refused by V8 (2^24). */
const ENTRIES_PER_MAP = 2 ** 23;

/**
 * The ids of a table in row order, normalised. Rows count from 1. Refuses the first row without an id
 * and the first id that occurs twice, naming rows only.
 */
export function normalizeIds(
  raw: readonly (string | null)[],
  steps: readonly string[],
  column: string,
): string[] {
  const normalize = idNormalizer(steps);
  const seen = Array.from(
    { length: Math.ceil(raw.length / ENTRIES_PER_MAP) },
    () => new Map<string, number>(),
  );
  return raw.map((text, index) => {
    const id = text === null ? undefined : normalize(text);
    if (id === undefined) throw refusedId(text, column, index + 1);
    const map = seen.length === 1 ? seen[0]! : seen[scatter(id) % seen.length]!;
    const first = map.get(id);
    if (first !== undefined) throw duplicateId(column, first, index + 1);
    map.set(id, index + 1);
    return id;
  });
}

/** Spreads ids over maps: FNV-1a over UTF-16 units. Not a secret, and nothing depends on its quality. */
function scatter(id: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

function refusedId(text: string | null, column: string, row: number): SottoError {
  const empty = text === null || text.trim() === '';
  const problem = empty ? 'is empty' : 'cannot be normalised as declared';
  return new SottoError(
    'invalid-argument',
    `the id in column '${column}' at row ${row} ${problem}`,
    {
      column,
      row,
    },
  );
}

function duplicateId(column: string, firstRow: number, row: number): SottoError {
  return new SottoError(
    'invalid-argument',
    `rows ${firstRow} and ${row} have the same id in column '${column}'`,
    { column, firstRow, row },
  );
}
