/** `sotto campaign demo`: a campaign from the first model to the second, on one machine. */
import { Command } from 'commander';
import { SottoError } from '../../base/errors.ts';
import { type Call, leaf } from '../command.ts';

interface DemoFlags {
  readonly out: string;
}

export function campaignCommand(): Command {
  const campaign = new Command('campaign').description('campaigns of two companies');
  campaign.addCommand(
    leaf<DemoFlags>(
      'demo',
      'two workers on this machine train, score, exclude, measure and train again; one report page',
      demo,
    ).option('--out <folder>', 'where keys, tables, logs and the report go', 'campaign-out'),
  );
  return campaign;
}

async function demo({ flags, output }: Call<DemoFlags>): Promise<undefined> {
  const stop = new AbortController();
  const interrupt = (): void => stop.abort(new SottoError('cancelled', 'the demo was interrupted'));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, interrupt);
  // Only here: the other commands should not wait for the libraries of models and reports.
  const { runCampaign } = await import('../demo/campaign.ts');
  const { campaignObject, campaignText } = await import('../demo/campaign-summary.ts');
  const outcome = await runCampaign(flags.out, output, stop.signal);
  output.result(campaignObject(outcome), campaignText(outcome, output));
}
