/** A bank and a company that do jobs with each other and ask each other for tags, with a network that can be broken. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { freePorts } from '../../src/cli/demo/processes.ts';
import { sotto } from '../support/program.ts';
import { TcpProxy } from '../support/proxy.ts';
import { members } from '../support/tag-parts.ts';
import { type Sites, setUpSites } from '../support/two-workers.ts';

export const ROWS = 400;
/** Members in the company's table. */
export const MEMBERS = 100;

export interface SoakSites {
  readonly sites: Sites;
  /** Between the company and the bank, which it dials. */
  readonly proxy: TcpProxy;
  /** "host:port" of the bank's sidecar. */
  readonly sidecar: string;
}

export async function setUpSoak(): Promise<SoakSites> {
  const sites = await setUpSites({ rows: ROWS, autoApprove: true, unavailableAfterSeconds: 120 });
  const { bank, company } = sites;
  const [tags, grpc, http] = (await freePorts(3)).map((port) => `127.0.0.1:${port}`);
  writeFileSync(join(company.folder, 'members.csv'), members(MEMBERS));
  let proxy: TcpProxy | undefined;
  await changed(company.config, async (settings) => {
    proxy = await TcpProxy.open({ target: settings.peers[0].address });
    settings.peers[0].address = proxy.address;
    settings.datasets.members = {
      path: 'members.csv',
      idColumn: 'phone',
      idNormalization: ['phone-digits'],
    };
    const offers = [{ peer: 'bank', purposes: ['marketing'] }];
    const fields = [{ name: 'score', type: 'int' }];
    settings.tags = { listen: tags, tables: { members: { idType: 'phone', fields, offers } } };
  });
  await changed(bank.config, async (settings) => {
    settings.tags = {
      mirrors: { members: { peer: 'company', address: tags, purpose: 'marketing' } },
      sidecar: { grpc, http, tls: 'none' },
    };
  });
  await tagCommand(['seal', '--version', 'v1'], company.config);
  return { sites, proxy: proxy!, sidecar: http! };
}

/** Of the members' table. */
export async function tagCommand(words: readonly string[], config: string): Promise<void> {
  const { code, stderr } = await sotto([
    ...['tags', ...words, '--dataset', 'members'],
    ...['--config', config],
  ]);
  if (code !== 0) throw new Error(`tags ${words[0]} ended with ${code}: ${stderr}`);
}

async function changed(
  file: string,
  // biome-ignore lint/suspicious/noExplicitAny: a configuration before it is checked
  change: (settings: any) => Promise<void>,
): Promise<void> {
  const settings = parse(readFileSync(file, 'utf8'));
  await change(settings);
  writeFileSync(file, stringify(settings));
}
