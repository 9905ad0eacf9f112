/** `sotto keys`: makes a party's or an operator's keys, and shows the fingerprint that two people compare by phone. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { SottoError } from '../../base/errors.ts';
import {
  expiryWarning,
  initKeys,
  initOperator,
  keyFile,
  publicFile,
  readOperator,
  readPublic,
} from '../../rpc/index.ts';
import { type Call, group, leaf } from '../command.ts';

interface InitFlags {
  readonly party?: string;
  readonly operator?: string;
  readonly dir: string;
  readonly days?: string;
}

export function keysCommand(): Command {
  const init = leaf<InitFlags>(
    'init',
    'make the keys of a party (company) or an operator (person)',
    initialise,
  )
    .option('--party <name>', 'keys of a worker: certificate and signing key')
    .option('--operator <name>', 'keys of a person who gives a worker orders')
    .option('--dir <folder>', 'where the two files go', 'keys')
    .option(
      '--days <n>',
      'days until the certificate expires (730 for a party, 365 for an operator)',
    );
  const show = leaf(
    'fingerprint <file>',
    'the fingerprint of a public file, to compare by phone',
    fingerprintOf,
  );
  return group('keys', 'keys of parties and operators', [init, show]);
}

async function initialise({ flags, output }: Call<InitFlags>): Promise<undefined> {
  if ((flags.party === undefined) === (flags.operator === undefined)) {
    throw new SottoError('invalid-argument', 'give either --party <name> or --operator <name>');
  }
  const name = (flags.party ?? flags.operator)!;
  const make = flags.party === undefined ? initOperator : initKeys;
  const days = flags.days === undefined ? {} : { days: wholeDays(flags.days) };
  const made = await make(name, flags.dir, days);
  const files = { private: keyFile(flags.dir, name), public: publicFile(flags.dir, name) };
  const recipient = flags.party === undefined ? "the worker's administrator" : 'the other party';
  output.result(
    { name, kind: made.kind, files, fingerprint: made.fingerprint },
    [
      `${files.private}  keep it: whoever has it is ${name}`,
      `${files.public}  give it to ${recipient}`,
      `fingerprint, to compare by phone:\n  ${output.style('bold', made.fingerprint)}`,
    ].join('\n'),
  );
}

function wholeDays(text: string): number {
  const days = Number(text);
  if (Number.isInteger(days) && days >= 1 && days <= 3650) return days;
  throw new SottoError('invalid-argument', '--days must be a whole number from 1 to 3650', {
    found: text,
  });
}

async function fingerprintOf({ args, output }: Call<object>): Promise<undefined> {
  const file = args[0]!;
  const pem = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new SottoError('invalid-argument', `cannot read ${file}: ${cause.code}`, {}, { cause });
  });
  const isParty = pem.includes('BEGIN PUBLIC KEY');
  const identity = isParty ? readPublic(pem) : readOperator(pem);
  const { kind, name, fingerprint } = identity;
  const warning = expiryWarning(identity, new Date());
  if (warning !== undefined) output.remark(warning);
  output.result(
    { name, kind, fingerprint },
    `${kind} ${name}\n  ${output.style('bold', fingerprint)}`,
  );
}
