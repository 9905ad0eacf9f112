/**
 * Conditions on one row, in a language that can do nothing else:
 *
 *   or          and ('or' and)*
 *   and         not ('and' not)*
 *   not         'not' not | '(' or ')' | comparison
 *   comparison  column ('=' | '!=' | '<>' | '<' | '<=' | '>' | '>=') value
 *             | column ['not'] 'in' '(' value (',' value)* ')'
 *             | column ['not'] 'between' value 'and' value
 *             | column 'is' ['not'] 'null'
 *             | column 'within' whole number 'days' ['of' date]
 *   column      a word, or any name in "double quotes"
 *   value       a number, 'text', true or false; a date is the text of a day, '2026-03-31'
 *
 * Key words are written in either case. A missing value makes every comparison unknown, as in SQL, and
 * a row is chosen only where the whole is true.
 */
import { type Token, tokenize, unexpected } from './tokens.ts';

export type Value =
  | { readonly kind: 'number'; readonly value: number; readonly at: number }
  | { readonly kind: 'text'; readonly value: string; readonly at: number }
  | { readonly kind: 'bool'; readonly value: boolean; readonly at: number };

export type Operator = '=' | '<>' | '<' | '<=' | '>' | '>=';

export interface ColumnName {
  readonly name: string;
  readonly at: number;
}

export type Predicate =
  | { readonly kind: 'and'; readonly terms: readonly Predicate[] }
  | { readonly kind: 'or'; readonly terms: readonly Predicate[] }
  | { readonly kind: 'not'; readonly term: Predicate }
  | {
      readonly kind: 'compare';
      readonly column: ColumnName;
      readonly operator: Operator;
      readonly value: Value;
    }
  | { readonly kind: 'in'; readonly column: ColumnName; readonly values: readonly Value[] }
  | {
      readonly kind: 'between';
      readonly column: ColumnName;
      readonly from: Value;
      readonly to: Value;
    }
  | { readonly kind: 'null'; readonly column: ColumnName }
  | {
      readonly kind: 'within';
      readonly column: ColumnName;
      readonly days: number;
      readonly of: Value | undefined;
    };

const OPERATORS: Readonly<Record<string, Operator>> = {
  '=': '=',
  '!=': '<>',
  '<>': '<>',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};
const KEYWORDS = new Set('and or not in between is null within days of true false'.split(' '));
/** Deeper nesting than anybody reads; bounds the stack. */
const MAX_DEPTH = 32;
const MAX_VALUES = 1_000;
const MAX_DAYS = 36_525;

/** @throws SottoError invalid-argument with `position` from 1 and `expected`. */
export function parsePredicate(text: string): Predicate {
  const parser = new Parser(tokenize(text));
  const predicate = parser.or(0);
  parser.end();
  return predicate;
}

class Parser {
  readonly #tokens: readonly Token[];
  #place = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  or(depth: number): Predicate {
    return this.#chain('or', () => this.#chain('and', () => this.#not(depth)));
  }

  end(): void {
    if (this.#token.kind !== 'end') throw unexpected(this.#token, 'and, or, or the end');
  }

  get #token(): Token {
    return this.#tokens[this.#place]!;
  }

  #chain(word: 'and' | 'or', term: () => Predicate): Predicate {
    const terms = [term()];
    while (this.#took(word)) terms.push(term());
    return terms.length === 1 ? terms[0]! : { kind: word, terms };
  }

  #not(depth: number): Predicate {
    if (depth > MAX_DEPTH) throw unexpected(this.#token, `at most ${MAX_DEPTH} levels of nesting`);
    if (this.#took('not')) return { kind: 'not', term: this.#not(depth + 1) };
    if (!this.#took('(')) return this.#comparison();
    const inner = this.or(depth + 1);
    this.#expect(')');
    return inner;
  }

  #comparison(): Predicate {
    const column = this.#column();
    const operator = OPERATORS[this.#token.kind === 'symbol' ? this.#token.text : ''];
    if (operator !== undefined) {
      this.#place += 1;
      return { kind: 'compare', column, operator, value: this.#value() };
    }
    if (this.#took('is')) {
      const negated = this.#took('not');
      this.#expect('null');
      return negatedIf(negated, { kind: 'null', column });
    }
    if (this.#took('within')) return this.#within(column);
    const negated = this.#took('not');
    if (this.#took('in')) return negatedIf(negated, this.#in(column));
    if (this.#took('between')) return negatedIf(negated, this.#between(column));
    throw unexpected(
      this.#token,
      negated ? 'in or between' : 'one of = != < <= > >=, in, between, is, within',
    );
  }

  #in(column: ColumnName): Predicate {
    this.#expect('(');
    const values = [this.#value()];
    while (this.#took(',')) {
      if (values.length === MAX_VALUES)
        throw unexpected(this.#token, `at most ${MAX_VALUES} values`);
      values.push(this.#value());
    }
    this.#expect(')');
    return { kind: 'in', column, values };
  }

  #between(column: ColumnName): Predicate {
    const from = this.#value();
    this.#expect('and');
    return { kind: 'between', column, from, to: this.#value() };
  }

  #within(column: ColumnName): Predicate {
    const token = this.#token;
    const whole = token.kind === 'number' && Number.isInteger(token.value);
    if (!whole || token.value < 0 || token.value > MAX_DAYS) {
      throw unexpected(token, `a whole number of days, 0 to ${MAX_DAYS}`);
    }
    this.#place += 1;
    this.#expect('days');
    return {
      kind: 'within',
      column,
      days: token.value,
      of: this.#took('of') ? this.#value() : undefined,
    };
  }

  #column(): ColumnName {
    const { kind, text, at } = this.#token;
    const isWord = kind === 'word' && !KEYWORDS.has(text.toLowerCase());
    if (!isWord && kind !== 'column') throw unexpected(this.#token, 'a column, not or (');
    this.#place += 1;
    return { name: text, at };
  }

  #value(): Value {
    const token = this.#token;
    const word = token.kind === 'word' ? token.text.toLowerCase() : '';
    const { at } = token;
    let value: Value;
    if (token.kind === 'number') value = { kind: 'number', value: token.value, at };
    else if (token.kind === 'text') value = { kind: 'text', value: token.text, at };
    else if (word === 'true' || word === 'false')
      value = { kind: 'bool', value: word === 'true', at };
    else throw unexpected(token, "a number, a 'text', true or false");
    this.#place += 1;
    return value;
  }

  /** Steps over a key word or a symbol, if it is there. */
  #took(text: string): boolean {
    const token = this.#token;
    const fits =
      token.kind === 'word' ? token.text.toLowerCase() : token.kind === 'symbol' && token.text;
    if (fits !== text) return false;
    this.#place += 1;
    return true;
  }

  #expect(text: string): void {
    if (!this.#took(text)) throw unexpected(this.#token, text);
  }
}

const negatedIf = (negated: boolean, term: Predicate): Predicate =>
  negated ? { kind: 'not', term } : term;
