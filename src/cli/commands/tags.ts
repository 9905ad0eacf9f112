/** `sotto tags`: seals tables for peers, keeps mirrors of theirs, asks for tags, and opens receipts to auditors. */
import type { Command } from 'commander';
import { SottoError } from '../../base/errors.ts';
import { type Call, group, leaf } from '../command.ts';
import { loadConfig } from '../config.ts';
import type { AuditFlags, GetFlags, SealFlags, TableFlags, VerifyFlags } from '../tag-commands.ts';

// The libraries of a worker are loaded by the command that runs, not by every other.
const actions = () => import('../tag-commands.ts');

const table = (command: Command): Command =>
  command
    .requiredOption('--config <file>', "the worker's YAML configuration")
    .requiredOption('--dataset <name>', 'a name under tags.tables or tags.mirrors of it');

export function tagsCommand(): Command {
  const seal = table(
    leaf<SealFlags>('seal', 'seal a version of a table for a peer', async (call) =>
      (await actions()).sealTable(loadConfig(call.flags.config), call),
    ),
  )
    .requiredOption('--version <name>', 'of this version: never used before')
    .option('--peer <name>', 'for whom (not needed if it is offered to one peer)')
    .option('--out <folder>', 'where sealed tables lie, if not where the configuration says')
    .option('--delta', 'only what changed since the version before')
    .option('--new-epoch', 'under a new key: what was paid for before opens nothing here');
  const sync = table(
    leaf<TableFlags>('sync', "fetch or update the mirror of a peer's table", async (call) =>
      (await actions()).syncMirror(loadConfig(call.flags.config), call),
    ),
  );
  const get = table(
    leaf<GetFlags>('get [ids...]', 'the tags of ids: one debited query', async (call) =>
      (await actions()).getTags(loadConfig(call.flags.config), call),
    ),
  ).option('--file <file>', 'ids, one a line');
  const receipts = table(
    leaf<TableFlags>('receipts', "check the chain of the peer's receipts", async (call) =>
      (await actions()).checkReceipts(loadConfig(call.flags.config), call),
    ),
  );
  const open = table(
    leaf<AuditFlags>('open', 'open one query to an auditor, and no other', async (call) =>
      (await actions()).openToAuditor(loadConfig(call.flags.config), call),
    ),
  )
    .requiredOption('--key <hex>', 'idempotency key of the query, see `sotto tags receipts`')
    .requiredOption('--id <id>', 'the id that was asked for')
    .requiredOption('--out <file>', 'the file for the auditor');
  const verify = leaf<VerifyFlags>(
    'verify <file>',
    'check an opened query, as an auditor',
    verifyFile,
  )
    .requiredOption('--server <file>', "the asked party's public file")
    .requiredOption('--dataset <name>', 'its name for the table')
    .requiredOption('--peer <name>', 'who asked');
  return group('tags', 'anonymous tag queries', [seal, sync, get, receipts, open, verify]);
}

async function verifyFile(call: Call<VerifyFlags>): Promise<undefined> {
  const [file] = call.args;
  if (file === undefined) throw new SottoError('invalid-argument', 'give the file to check', {});
  return await (await actions()).verifyForAuditor(file, call);
}
