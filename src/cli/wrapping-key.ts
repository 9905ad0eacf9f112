/**
 * The key of whoever runs the worker, under which the state folder's own key is wrapped. It is read once at start, from
 * where the operator keeps it: a file, a variable of the environment, or a program that asks a key service.
 */
import { execFile } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { promisify } from 'node:util';
import { z } from 'zod';
import { SottoError } from '../base/errors.ts';
import { KEY_BYTES, Vault } from '../base/sealed.ts';
import { Secret } from '../base/secret.ts';

const text = z.string().min(1);

/** One of three; none: the file that `sotto keys init --party` makes. */
export const wrappingKeySchema = z
  .strictObject({
    /** 64 hex digits, mode 0600. */
    file: text.optional(),
    /** The name of a variable. */
    environment: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
      .optional(),
    /** A program and its arguments, run without a shell; prints the digits. */
    command: z.array(text).min(1).optional(),
  })
  .refine((source) => Object.keys(source).length <= 1, {
    error: 'expected one of "file", "environment" and "command"',
  });

export type KeySource = z.output<typeof wrappingKeySchema>;

/** A key service that takes longer is out of order. */
const COMMAND_MS = 30_000;
const DIGITS = new RegExp(`^[0-9a-fA-F]{${2 * KEY_BYTES}}$`);

/** @throws not-found, permission-denied or invalid-argument: naming the source, never what was in it. */
export async function readWrappingKey(source: KeySource): Promise<Vault> {
  const { file, environment, command } = source;
  if (command !== undefined) return parse(await printed(command), { command: command[0]! });
  if (environment !== undefined) return parse(variable(environment), { environment });
  return parse(readKeyFile(file ?? ''), { file: file ?? '' });
}

function parse(written: string, facts: Readonly<Record<string, string>>): Vault {
  const digits = written.trim();
  if (!DIGITS.test(digits)) {
    throw new SottoError('invalid-argument', 'the wrapping key must be 64 hex digits', {
      ...facts,
      expected: 2 * KEY_BYTES,
      found: digits.length,
    });
  }
  return new Vault(new Secret(Uint8Array.from(Buffer.from(digits, 'hex'))));
}

function readKeyFile(file: string): string {
  try {
    const { mode } = statSync(file);
    if ((mode & 0o077) === 0) return readFileSync(file, 'utf8');
    const facts = { file, mode: (mode & 0o777).toString(8) };
    throw new SottoError(
      'permission-denied',
      'the wrapping key is open to others: chmod 600',
      facts,
    );
  } catch (cause) {
    if (cause instanceof SottoError) throw cause;
    const facts = { file, reason: (cause as NodeJS.ErrnoException).code ?? 'unknown' };
    const message = 'the wrapping key cannot be read: sotto keys init --wrapping makes one';
    throw new SottoError('not-found', message, facts, { cause });
  }
}

/** Taken out of the environment, so that no program started later inherits it. */
function variable(name: string): string {
  const value = process.env[name];
  delete process.env[name];
  if (value !== undefined) return value;
  throw new SottoError('not-found', 'the variable of the wrapping key is not set', {
    environment: name,
  });
}

async function printed([program, ...rest]: readonly string[]): Promise<string> {
  try {
    const options = { timeout: COMMAND_MS, maxBuffer: 4096, windowsHide: true };
    return (await promisify(execFile)(program!, rest, options)).stdout;
  } catch (thrown) {
    // No cause: it would hold what the program printed.
    const { code } = thrown as { code?: string | number };
    const facts = { command: program!, reason: code ?? 'killed' };
    throw new SottoError('not-found', 'the command of the wrapping key failed', facts);
  }
}
