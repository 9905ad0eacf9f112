/** What a command says: a sentence or a table to a person, or with --json one object a line to a program. */
import { styleText } from 'node:util';
import { asSottoError, type SottoError } from '../base/errors.ts';
import { remedyOf } from './exit-codes.ts';

type Style = Parameters<typeof styleText>[0];

export interface Output {
  readonly json: boolean;
  /** Whether a person looks at a terminal that can rewrite its last line. */
  readonly live: boolean;
  /** The command's result: `value` with --json, else `text`. */
  result(value: unknown, text: string): void;
  /** A remark for a person, on stderr; nothing with --json. */
  remark(text: string): void;
  /** Colour and weight, where the terminal has them and NO_COLOR is not set. */
  style(style: Style, text: string): string;
  /** Rewrites the last line of a terminal; an empty text clears it. */
  rewrite(text: string): void;
}

export function openOutput(options: { readonly json?: boolean | undefined }): Output {
  const json = options.json === true;
  const live = !json && process.stderr.isTTY === true;
  return {
    json,
    live,
    result: (value, text) => {
      process.stdout.write(`${json ? JSON.stringify(value) : text}\n`);
    },
    remark: (text) => {
      if (!json) process.stderr.write(`${text}\n`);
    },
    // styleText itself obeys NO_COLOR and asks the stream whether it is a terminal.
    style: (style, text) => styleText(style, text, { stream: process.stdout }),
    rewrite: (text) => {
      if (live) process.stderr.write(`\r\u001B[2K${text}`);
    },
  };
}

/** Tells a failure of a command in this group: what happened, with its numbers, and how to mend it. */
export function tellError(output: Output, thrown: unknown, group?: string): SottoError {
  const error = asSottoError(thrown);
  const remedy = remedyOf(error.code, group);
  if (output.json) {
    const { code, message, facts } = error.toRecord();
    process.stdout.write(`${JSON.stringify({ error: { code, message, facts, remedy } })}\n`);
  } else {
    const label = styleText('red', 'error', { stream: process.stderr });
    process.stderr.write(`${label}: ${sentence(error)}\n  ${remedy}\n`);
    const trace = error.code === 'internal' && process.env.SOTTO_TRACE ? error.cause : undefined;
    if (trace instanceof Error) process.stderr.write(`${trace.stack}\n`);
  }
  return error;
}

/** The message with those facts that it does not itself mention. */
export function sentence(error: Pick<SottoError, 'message' | 'facts' | 'code'>): string {
  const facts = Object.entries(error.facts)
    .filter(([, value]) => !error.message.includes(String(value)))
    .map(([name, value]) => `${name}: ${value}`);
  const code = `[${error.code}]`;
  return facts.length === 0
    ? `${error.message} ${code}`
    : `${error.message} (${facts.join(', ')}) ${code}`;
}

/** Rows under a header, in columns; numbers are written by the caller. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(header), ...rows.map(line)].join('\n');
}

/** `1.5 MB`, in powers of a thousand. */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${value >= 100 || power === 0 ? value.toFixed(0) : value.toFixed(1)} ${units[power]}`;
}

/** `8 s`, `2 min 05 s`, `1 h 10 min` */
export function secondsText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const two = (value: number): string => String(value).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}
