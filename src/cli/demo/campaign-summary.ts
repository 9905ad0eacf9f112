/** What `sotto campaign demo` tells at its end: a table for a person, one object for a program. */
import type { Output } from '../output.ts';
import type { CampaignOutcome } from './campaign-outcome.ts';

export function campaignObject({
  train,
  exclude,
  delivered,
  measurement,
  retrain,
  jobs,
  seconds,
  html,
}: CampaignOutcome): object {
  return {
    train,
    exclude,
    delivered,
    measure: measurement.cohorts,
    retrain: { ...retrain, before: retrain.before.auc },
    jobs: jobs.map(({ job, seconds }) => ({ id: job.id, seconds })),
    report: html,
    seconds,
  };
}

const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;

export function campaignText(outcome: CampaignOutcome, output: Output): string {
  const bold = (text: string): string => output.style('bold', text);
  const { train, exclude, measurement, retrain, html, seconds } = outcome;
  const lines = measurement.cohorts.map(({ name, exposed, rate, lift }) => {
    const interval = rate
      ? `${percent(rate.value).padStart(7)}  (${percent(rate.low)} to ${percent(rate.high)})`
      : 'withheld';
    const more = lift
      ? `lift ${percent(lift.rate.value)} (${percent(lift.rate.low)} to ${percent(lift.rate.high)})`
      : '';
    return `  ${name.padEnd(18)}${String(exposed ?? '').padStart(6)}  ${interval.padEnd(28)}  ${more}`;
  });
  return [
    '',
    bold('  cohort            people  bought, with 95 % interval'),
    ...lines,
    '',
    `  first model: AUC ${train.auc.toFixed(3)} on holders, ${retrain.before.auc.toFixed(3)} on who bought`,
    `  second model: AUC ${retrain.auc.toFixed(3)} on who bought`,
    `  ${exclude.withheld} of ${exclude.audience} people were withheld; the company does not know which of them hold the card`,
    `  everything: ${seconds.toFixed(0)} s`,
    '',
    `  ${bold('report')}  ${html}`,
    '',
  ].join('\n');
}
