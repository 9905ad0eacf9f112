/** `sotto keys`: makes keys, shows the fingerprint that two people compare by phone, and changes the key that wraps. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { SottoError } from '../../base/errors.ts';
import {
  expiryWarning,
  initKeys,
  initOperator,
  initWrappingKey,
  keyFile,
  publicFile,
  readOperator,
  readPublic,
  wrappingKeyFile,
} from '../../rpc/index.ts';
import { type Call, group, leaf } from '../command.ts';
import { loadConfig } from '../config.ts';

interface InitFlags {
  readonly party?: string;
  readonly operator?: string;
  readonly wrapping?: string;
  readonly dir: string;
  readonly days?: string;
}

interface RewrapFlags {
  readonly config: string;
  readonly newFile?: string;
  readonly newEnvironment?: string;
}

interface WrapFlags {
  readonly config: string;
  readonly undo?: boolean;
}

export function keysCommand(): Command {
  const init = leaf<InitFlags>(
    'init',
    'make the keys of a party (company) or an operator (person)',
    initialise,
  )
    .option('--party <name>', 'keys of a worker: certificate and signing key')
    .option('--operator <name>', 'keys of a person who gives a worker orders')
    .option('--wrapping <file>', 'only a new key that wraps what a worker stores (see rewrap)')
    .option('--dir <folder>', 'where the files go', 'keys')
    .option(
      '--days <n>',
      'days until the certificate expires (730 for a party, 365 for an operator)',
    );
  const show = leaf(
    'fingerprint <file>',
    'the fingerprint of a public file, to compare by phone',
    fingerprintOf,
  );
  const change = leaf<RewrapFlags>(
    'rewrap',
    "wrap the state folder's key under a new wrapping key; then configure that one",
    rewrapped,
  )
    .requiredOption('--config <file>', "the worker's YAML configuration, with the old key")
    .option('--new-file <file>', 'the new key, from `sotto keys init --wrapping`')
    .option('--new-environment <name>', 'a variable that holds the new key');
  const wrap = leaf<WrapFlags>(
    'wrap',
    "seal the party's private keys by the vault of the state folder, in place of the plain file",
    wrapped,
  )
    .requiredOption('--config <file>', "the worker's YAML configuration")
    .option('--undo', 'make the plain file again');
  return group('keys', 'keys of parties and operators', [init, show, change, wrap]);
}

async function initialise(call: Call<InitFlags>): Promise<undefined> {
  const { flags, output } = call;
  if (flags.wrapping !== undefined) return await initialiseWrapping(flags.wrapping, call);
  if ((flags.party === undefined) === (flags.operator === undefined)) {
    throw new SottoError('invalid-argument', 'give either --party <name> or --operator <name>');
  }
  const name = (flags.party ?? flags.operator)!;
  const make = flags.party === undefined ? initOperator : initKeys;
  const days = flags.days === undefined ? {} : { days: wholeDays(flags.days) };
  const made = await make(name, flags.dir, days);
  const files = {
    private: keyFile(flags.dir, name),
    public: publicFile(flags.dir, name),
    ...(flags.party && { wrapping: wrappingKeyFile(flags.dir, name) }),
  };
  const recipient = flags.party === undefined ? "the worker's administrator" : 'the other party';
  output.result(
    { name, kind: made.kind, files, fingerprint: made.fingerprint },
    [
      `${files.private}  keep it: whoever has it is ${name}`,
      ...(files.wrapping ? [`${files.wrapping}  keep it: it opens what the worker stores`] : []),
      `${files.public}  give it to ${recipient}`,
      `fingerprint, to compare by phone:\n  ${output.style('bold', made.fingerprint)}`,
    ].join('\n'),
  );
}

async function initialiseWrapping(file: string, { output }: Call<InitFlags>): Promise<undefined> {
  await initWrappingKey(file);
  output.result({ kind: 'wrapping', file }, `${file}  keep it: it opens what the worker stores`);
}

async function rewrapped({ flags, output }: Call<RewrapFlags>): Promise<undefined> {
  const { newFile: file, newEnvironment: environment } = flags;
  if ((file === undefined) === (environment === undefined)) {
    throw new SottoError('invalid-argument', 'give either --new-file or --new-environment');
  }
  const config = loadConfig(flags.config);
  const { rewrap } = await import('../vault.ts');
  const changed = await rewrap(
    config,
    file === undefined ? { environment: environment! } : { file },
  );
  output.result(
    changed,
    `wrapped under ${changed.after}, no longer under ${changed.before}: set wrappingKey in ${flags.config}`,
  );
}

async function wrapped({ flags, output }: Call<WrapFlags>): Promise<undefined> {
  const config = loadConfig(flags.config);
  const { keyFilesOf, unwrapKeys, wrapKeys } = await import('../party-keys.ts');
  const { plain, sealed } = keyFilesOf(config);
  if (flags.undo) {
    await unwrapKeys(config);
    output.result({ plain }, `${plain}  keep it: whoever has it is ${config.party}`);
    return;
  }
  await wrapKeys(config);
  const text = `${sealed}  opens with the vault of ${config.state} only; ${plain} is removed`;
  output.result({ sealed, removed: plain }, text);
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
