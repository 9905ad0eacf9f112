/** `sotto audit`: reads a worker's audit log, whether the worker runs or not. */
import type { Command } from 'commander';
import { SottoError } from '../../base/errors.ts';
import { checkAudit, rememberedHeads } from '../../jobs/audit/check.ts';
import type { Entry } from '../../jobs/audit/entries.ts';
import { type ChainHead, checkDebits } from '../../tags/index.ts';
import { type Call, group, leaf } from '../command.ts';
import { type Config, loadConfig } from '../config.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import { table } from '../output.ts';
import { meterFile } from '../tag-parts.ts';
import { openVault } from '../vault.ts';
import { readWitness } from '../witness.ts';

interface Flags {
  readonly config: string;
}

interface VerifyFlags extends Flags {
  readonly witness?: string;
}

interface ShowFlags extends Flags {
  readonly job?: string;
  readonly last?: string;
}

export function auditCommand(): Command {
  const commands = [
    leaf<VerifyFlags>('verify', 'whether the log holds: names the first bad entry', verify).option(
      '--witness <file>',
      'what a peer remembers of this log (its `sotto audit heads --json`): finds an older copy',
    ),
    leaf<ShowFlags>('show', 'the entries, oldest first', show)
      .option('--job <id>', 'only those of a job')
      .option('--last <n>', 'only the last n'),
    leaf<Flags>('heads', "how far each peer's log was, for the peer to verify with", heads),
  ];
  const withConfig = (command: Command): Command =>
    command.requiredOption('--config <file>', "the worker's YAML configuration");
  return group('audit', 'the tamper-evident log of a worker', commands.map(withConfig));
}

const FLAWS = {
  edited: 'was changed, or written by somebody who has not the key',
  misplaced: 'does not follow the one before: an entry was deleted or moved',
  damaged: 'is no entry',
  'cut-short': 'and what came after it were cut off',
  'rolled-back': 'is not the one that was there: the log was put back to an older copy',
} as const;

async function verify({ flags, output }: Call<VerifyFlags>): Promise<number> {
  const config = loadConfig(flags.config);
  const witnesses =
    flags.witness === undefined ? [] : await readWitness(flags.witness, config.party);
  using vault = await openVault(config);
  const { bad, head, entries } = checkAudit(config.state, vault, witnesses);
  if (bad !== undefined) {
    output.result({ holds: false, head, bad }, `entry ${bad.entry} ${FLAWS[bad.flaw]}`);
    return EXIT_CODES['verification-failed'];
  }
  const holds = `holds: ${head.entries} entries, head ${head.hash}`;
  if (config.tags?.listen === undefined) {
    output.result({ holds: true, head }, holds);
    return 0;
  }
  const debits = checkDebits(meterFile(config), entries.filter(isDebit).map(chainOf));
  const said =
    debits === 'in-use'
      ? 'the debits of tag queries are in use by the worker: stop it to compare them'
      : `debits hold: ${debits.chains} chains, their last ${debits.receipts} receipts`;
  output.result({ holds: true, head, debits }, `${holds}\n${said}`);
  return 0;
}

const isDebit = ({ event }: Entry): boolean => event === 'tags-debited';
const chainOf = ({ peer, dataset, receipts, total, head }: Entry): ChainHead => ({
  ...{ peer: String(peer), dataset: String(dataset), head: String(head) },
  ...{ receipts: Number(receipts), total: Number(total) },
});

async function show({ flags, output }: Call<ShowFlags>): Promise<undefined> {
  const entries = await entriesOf(loadConfig(flags.config));
  const chosen = entries
    .filter(({ job, subject }) => flags.job === undefined || [job, subject].includes(flags.job))
    .slice(flags.last === undefined ? 0 : -Number(flags.last));
  if (output.json) {
    for (const entry of chosen) output.result(entry, '');
    return;
  }
  const rows = chosen.map(({ entry, time, event, previous: _, seal: __, ...fields }) => [
    String(entry),
    time,
    event,
    Object.entries(fields)
      .map(([name, value]) => `${name}=${short(value)}`)
      .join(' '),
  ]);
  output.result({}, table(['entry', 'time', 'event', ''], rows));
}

/** Hashes are shown by their first digits. */
const short = (value: string | number): string =>
  /^[0-9a-f]{64}$/.test(String(value)) ? `${String(value).slice(0, 12)}…` : String(value);

async function heads({ flags, output }: Call<Flags>): Promise<undefined> {
  const config = loadConfig(flags.config);
  const remembered = [...rememberedHeads(await entriesOf(config))];
  const shown = remembered.map(([of, head]) => ({ of, rememberedBy: config.party, ...head }));
  const rows = shown.map(({ of, exchanges, hash }) => [of, String(exchanges), hash]);
  output.result({ heads: shown }, table(['peer', 'exchanges', 'head'], rows));
}

/** Of a log that holds: what else it says is no evidence. */
async function entriesOf(config: Config): Promise<readonly Entry[]> {
  using vault = await openVault(config);
  const { bad, entries } = checkAudit(config.state, vault);
  if (bad === undefined) return entries;
  throw new SottoError('verification-failed', 'the audit log does not hold', { ...bad });
}
