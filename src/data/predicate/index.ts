/** Conditions on a party's own rows: parsed from text, run as SQL, never joined into it. */
export { columnsOf } from './compile.ts';
export { type Predicate, parsePredicate } from './parse.ts';
