/** Columns: how tables give them to models (raw), and how models give them to protocols (a matrix of features). */

/** A column of numbers; NaN is a missing value, and no other value is non-finite. */
export interface NumericColumn {
  readonly name: string;
  readonly kind: 'numeric';
  readonly values: Float64Array;
}

/** A column of categories: row i holds `categories[codes[i]]`; code -1 is a missing value. */
export interface CategoricalColumn {
  readonly name: string;
  readonly kind: 'categorical';
  readonly codes: Int32Array;
  /** Distinct, sorted by code unit, so that equal data gives equal codes in any row order. */
  readonly categories: readonly string[];
}

export type Column = NumericColumn | CategoricalColumn;

/** Features of `rows` rows, column after column: row i of column j is `values[j * rows + i]`. */
export interface FeatureMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
}

/** `length` zeros that every thread can read without a copy. */
export function sharedFloats(length: number): Float64Array<SharedArrayBuffer> {
  return new Float64Array(new SharedArrayBuffer(8 * length));
}

export function rowsOf(column: Column): number {
  return column.kind === 'numeric' ? column.values.length : column.codes.length;
}

/** The rows at the given positions, in that order; a categorical column keeps its whole list of categories. */
export function pickRows(columns: readonly Column[], positions: Uint32Array): Column[] {
  return columns.map((column) => {
    if (column.kind === 'categorical') {
      return { ...column, codes: Int32Array.from(positions, (at) => column.codes[at]!) };
    }
    const values = sharedFloats(positions.length);
    for (const [i, at] of positions.entries()) values[i] = column.values[at]!;
    return { ...column, values };
  });
}
