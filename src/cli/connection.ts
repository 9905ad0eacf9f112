/** How a command finds its worker and shows who asks: the worker's own configuration file, or flags. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { SottoError } from '../base/errors.ts';
import {
  connectOperator,
  keyFile,
  type PartyPublic,
  publicFile,
  type OperatorClient as RpcClient,
  readOperator,
  readOperatorKeys,
  readPublic,
} from '../rpc/index.ts';
import { type Config, loadConfig } from './config.ts';

export interface ConnectionFlags {
  readonly config?: string;
  readonly worker?: string;
  readonly server?: string;
  readonly operator?: string;
  readonly keys?: string;
}

/** A connection to a worker's operator services, and the name of the worker's party. */
export type OperatorClient = RpcClient & { readonly party: string };

export function connectionOptions(command: Command): Command {
  return command
    .option('--config <file>', "the worker's configuration: gives the next four")
    .option('--worker <host:port>', "the worker's address for operators")
    .option('--server <file>', "the worker's public file (<party>.public.pem)")
    .option('--operator <name>', 'who asks: a name from `sotto keys init --operator`')
    .option('--keys <folder>', "where the operator's two key files are");
}

/** A person waits for this. */
const CONNECT_MS = 5_000;

/** Connects, does, and disconnects. */
export async function withOperator<T>(
  flags: ConnectionFlags,
  act: (operator: OperatorClient) => Promise<T>,
): Promise<T> {
  const { address, server, operator, folder } = endpoint(flags);
  const client = await connectOperator({
    address,
    server,
    keys: await readOperatorKeys(folder, operator),
    limits: { connectMs: CONNECT_MS },
  });
  try {
    return await act(Object.assign(client, { party: server.name }));
  } finally {
    await client[Symbol.asyncDispose]();
  }
}

interface Endpoint {
  readonly address: string;
  readonly server: PartyPublic;
  readonly operator: string;
  readonly folder: string;
}

function endpoint(flags: ConnectionFlags): Endpoint {
  const config = flags.config === undefined ? undefined : loadConfig(flags.config);
  const address = flags.worker ?? config?.operators.listen;
  const serverFile = flags.server ?? (config && publicFile(config.keys, config.party));
  if (address === undefined || serverFile === undefined) {
    throw new SottoError(
      'invalid-argument',
      'which worker? give --config <file>, or --worker <host:port> and --server <file>',
    );
  }
  const server = readPublic(textOf(serverFile));
  if (flags.operator !== undefined) {
    const folder = flags.keys ?? (config && folderOf(config, flags.operator)) ?? 'keys';
    return { address, server, operator: flags.operator, folder };
  }
  const known = config === undefined ? undefined : ownOperator(config, flags.keys);
  if (known === undefined) {
    throw new SottoError(
      'invalid-argument',
      'who asks? give --operator <name> and --keys <folder> (see `sotto keys init --operator`)',
    );
  }
  return { address, server, ...known };
}

/** The operator of the configuration whose private key lies here, the most capable if there are several. */
function ownOperator(
  config: Config,
  keys: string | undefined,
): Pick<Endpoint, 'operator' | 'folder'> | undefined {
  const capability = ['approver', 'submitter', 'viewer'];
  return config.operators.certificates
    .toSorted((a, b) => capability.indexOf(a.role) - capability.indexOf(b.role))
    .map(({ file }) => ({
      operator: readOperator(textOf(file)).name,
      folder: keys ?? dirname(file),
    }))
    .find(({ operator, folder }) => existsSync(keyFile(folder, operator)));
}

/** Where the keys of that operator lie: beside its public file. */
function folderOf(config: Config, operator: string): string | undefined {
  const entry = config.operators.certificates.find(
    ({ file }) => readOperator(textOf(file)).name === operator,
  );
  return entry === undefined ? undefined : dirname(entry.file);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new SottoError('invalid-argument', `cannot read ${file}: ${reason}`, {}, { cause });
  }
}
