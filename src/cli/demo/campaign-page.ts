/** The campaign as one page that needs no other file: what was done, what came of it, and who learnt what. */
import type { Estimate } from '../../math/intervals.ts';
import { type Html, html } from '../../model/html.ts';
import type { MeasuredRow } from '../../model/measurement.ts';
import { drawMeasurement } from '../../model/measurement-chart.ts';
import { page } from '../../model/page.ts';
import { duration, integer, score } from '../../model/quantities.ts';
import { type CampaignOutcome, controlOf, TIERS, treatedOf } from './campaign-outcome.ts';

export async function renderCampaign(outcome: CampaignOutcome): Promise<string> {
  const chart = await drawMeasurement(outcome.measurement);
  return page({
    title: 'Campaign report: bank and company',
    css: CSS,
    main: html`${top(outcome)}
${tiles(outcome)}
${story(outcome)}
${results(outcome, chart)}
${models(outcome)}
${learnt(outcome)}
${footer(outcome)}`,
  });
}

const CSS = `
.steps { list-style: none; counter-reset: step; margin: 0; display: grid; gap: 16px; }
.steps li { counter-increment: step; display: grid; grid-template-columns: 44px 1fr auto; gap: 4px 14px; align-items: baseline; }
.steps li::before { content: counter(step); width: 30px; height: 30px; border-radius: 50%; background: var(--accent-soft); color: var(--accent); font-weight: 650; text-align: center; line-height: 30px; }
.steps b { font-weight: 600; }
.steps .took { color: var(--quiet); font-size: 13px; white-space: nowrap; }
.steps p { margin: 2px 0 0; color: var(--quiet); font-size: 15px; }
.bars { display: grid; grid-template-columns: max-content 1fr max-content; gap: 10px 14px; align-items: center; }
.bars .bar { height: 18px; border-radius: 4px; background: var(--grid); overflow: hidden; }
.bars .bar i { display: block; height: 100%; background: var(--pooled); }
.bars .bar.new i { background: var(--joint); }
.range { display: block; color: var(--quiet); font-size: 13px; }
.withheld { color: var(--quiet); font-style: italic; }
tr.offer > * { border-bottom-color: transparent; padding-bottom: 2px; }
tr.none > * { padding-bottom: 18px; }
`;

const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
const points = (value: number): string =>
  `${value >= 0 ? '+' : '−'}${(100 * Math.abs(value)).toFixed(1)}`;
const money = (value: number): string => `${value < 0 ? '−' : ''}${Math.abs(value).toFixed(2)}`;

/** Extra buyers among all who got the offer, from the lifts that are known; half the width of its interval too. */
function extra({ measurement }: CampaignOutcome): {
  readonly buyers: number;
  readonly half: number;
} {
  let [buyers, variance] = [0, 0];
  for (const { exposed, lift } of measurement.cohorts) {
    if (exposed === undefined || lift === undefined) continue;
    buyers += exposed * lift.rate.value;
    variance += (exposed * (lift.rate.high - lift.rate.low)) ** 2 / 4;
  }
  return { buyers, half: Math.sqrt(variance) };
}

function top(outcome: CampaignOutcome): Html {
  const { buyers, half } = extra(outcome);
  const worked = buyers > half;
  const unknown = TIERS.length - outcome.measurement.cohorts.filter(({ lift }) => lift).length;
  const share = (value: number): string => ((100 * value) / outcome.delivered).toFixed(1);
  return html`<header>
<p class="kicker">Campaign of a bank with a data company · people and responses are made up, everything else is real</p>
<h1>${worked ? `The offer worked: of every 100 people who got it, ${share(buyers)} more bought.` : 'The offer made no clear difference.'}</h1>
<p class="lead">${integer(outcome.delivered)} people got the offer, and about ${integer(Math.round(buyers))} of them bought because of it (95 % interval: ${integer(Math.round(buyers - half))} to ${integer(Math.round(buyers + half))}). That is measured against people like them who got none${unknown === 0 ? '' : '; a tier whose comparison is withheld, as too few bought, counts as no difference'}.</p>
<p class="lead">The company never saw who bought. The bank never saw who got the offer.</p>
</header>`;
}

function tiles(outcome: CampaignOutcome): Html {
  const { train, exclude, retrain, measurement } = outcome;
  const best = measurement.cohorts.find(({ name }) => name === treatedOf('high'));
  return html`<dl class="tiles">
${tile('Bought, best tier with offer', best?.rate ? percent(best.rate.value) : 'withheld', best?.lift ? `${points(best.lift.rate.value)} points over no offer` : '', 'first')}
${tile('Offers delivered', integer(outcome.delivered), `of ${integer(exclude.audience)} people in the audience`)}
${tile('Withheld from delivery', integer(exclude.withheld), `${integer(exclude.holdersAmongThem)} hold the card; the company cannot tell which`)}
${tile('First model', score(train.auc), `AUC, trained on ${integer(train.rows)} clients`)}
${tile('Second model', score(retrain.auc), `AUC on who bought; the first has ${score(retrain.before.auc)}`)}
</dl>`;
}

const tile = (name: string, value: string, note: string, kind = ''): Html =>
  html`<div class="card ${kind}"><dt>${name}</dt><dd class="value">${value}</dd><dd class="note">${note}</dd></div>`;

/** What each step did, in the order of the jobs; delivery is between the third and the fourth. */
function story({ jobs, sizes, delivered, exclude, train, retrain }: CampaignOutcome): Html {
  const told: readonly (readonly [string, string])[] = [
    [
      'Train together',
      `From ${integer(train.rows)} clients that both know: whoever holds the card already shows what card holders have in common. Each party keeps the weights of its own columns.`,
    ],
    [
      'Score the rest',
      'The bank ranks its other clients by the joint score, and cuts them into three tiers: high, middle, low.',
    ],
    [
      'Leave out card holders',
      `The bank compares in secret and withholds ${integer(exclude.withheld)} people: ${integer(exclude.holdersAmongThem)} holders and a random holdout, so that being withheld proves nothing about anybody.`,
    ],
    [
      'Deliver, and wait',
      `In each tier a coin decides: ${integer(delivered)} people get the offer, the others none. They are the comparison. (Made up here.)`,
    ],
    [
      'Measure',
      'Counts and spending of each group are added up under encryption, with noise from both companies; groups of fewer than 50 would be withheld.',
    ],
    [
      'Learn from it',
      `Who bought is the label of a second model, which begins where the first ended: ${integer(retrain.rows)} rows.`,
    ],
  ];
  const seconds = [0, 1, 2, undefined, 3, 4].map((at) =>
    at === undefined ? undefined : jobs[at]?.seconds,
  );
  return html`<h2>What was done</h2>
<p>A bank with ${integer(sizes.clients)} clients and a company that reaches ${integer(sizes.audience)} people, in one campaign.</p>
<ol class="steps card">${told.map(
    ([name, text], step) =>
      html`<li><div><b>${name}</b><p>${text}</p></div><span class="took">${seconds[step] === undefined ? '' : duration(seconds[step])}</span></li>`,
  )}</ol>`;
}

function results(outcome: CampaignOutcome, chart: Html): Html {
  const { measurement, truth } = outcome;
  const row = (name: string): MeasuredRow =>
    measurement.cohorts.find((each) => each.name === name)!;
  return html`<h2>What the offer did</h2>
<p>Every number carries noise of about ±${Math.max(1, Math.round(measurement.noise.count))} people that hides each single one; the intervals know of it.</p>
<figure class="card">${chart}<figcaption><b>Share that bought, by group.</b> Blue: with the offer. Orange: without. Where the lines of a tier do not overlap, the offer made the difference.</figcaption></figure>
<div class="card scroll" style="margin-top:16px"><table>
<thead><tr><th>Group</th><th>People</th><th>Bought</th><th>Difference, points</th><th>Spent a person</th><th>Difference</th><th>In truth bought*</th></tr></thead>
<tbody>${TIERS.flatMap((tier) => [
    groupRow(row(treatedOf(tier)), truth[treatedOf(tier)], 'offer'),
    groupRow(row(controlOf(tier)), truth[controlOf(tier)], 'none'),
  ])}</tbody>
</table>
<p class="range">Ranges are intervals of 95 %. * Only a demo that made up the people can say this.</p></div>`;
}

function groupRow(
  { name, exposed, converted, rate, metrics, lift }: MeasuredRow,
  truth: readonly [number, number, number] | undefined,
  kind: string,
): Html {
  const spent = metrics?.[0];
  const more = lift?.metrics[0];
  const cell = (text: string, range = ''): Html =>
    html`<td>${text}<span class="range">${range}</span></td>`;
  const between = (
    estimate: Pick<Estimate, 'low' | 'high'>,
    show: (value: number) => string,
  ): string => `${show(estimate.low)} to ${show(estimate.high)}`;
  return html`<tr class="${kind}"><th>${name}</th>${cell(exposed === undefined ? '' : integer(exposed))}${
    rate && converted !== undefined
      ? cell(percent(rate.value), between(rate, percent))
      : html`<td class="withheld">withheld: fewer than 50</td>`
  }${lift ? cell(points(lift.rate.value), between(lift.rate, points)) : cell('')}${
    spent ? cell(money(spent.mean), between(spent, money)) : cell('')
  }${more ? cell(money(more.value), between(more, money)) : cell('')}${cell(
    truth ? percent(truth[1] / truth[0]) : '',
  )}</tr>`;
}

function models({ retrain }: CampaignOutcome): Html {
  const bar = (name: string, auc: number, kind: string): Html =>
    html`<span>${name}</span><span class="bar ${kind}"><i style="width:${Math.max(0, 200 * (auc - 0.5)).toFixed(1)}%"></i></span><span>${score(auc)}</span>`;
  return html`<h2>What the next campaign will know</h2>
<p>How well each model foretells who buys (AUC: 0.5 is guessing, 1 is certainty). The second learnt from the responses themselves, on top of the first.</p>
<div class="card bars">
${bar('First model, on who bought', retrain.before.auc, '')}
${bar('Second model, on rows it never saw', retrain.auc, 'new')}
</div>
<p class="range">Second model <code>${retrain.modelId}</code>, begun from <code>${retrain.parentModelId}</code>.</p>`;
}

/** What both parties signed for, job after job. */
function learnt({ jobs, parties }: CampaignOutcome): Html {
  return html`<h2>Who learnt what</h2>
<p>Word for word from the agreements that both companies signed before each job.</p>
${jobs.map(({ step, job }) => {
  const of = (party: string): Html =>
    html`<div class="card"><h3>The ${party} learns</h3><ul>${job.disclosures
      .filter((disclosure) => disclosure.party === party)
      .map(({ learns }) => html`<li>${learns}</li>`)}</ul></div>`;
  return html`<details><summary>${step}</summary><div class="grid learnt" style="margin-top:10px">${of(parties.bank)}${of(parties.company)}</div></details>`;
})}`;
}

function footer({ jobs, measurement, seconds }: CampaignOutcome): Html {
  return html`<footer>${jobs.length} jobs between two workers in ${duration(seconds)}. The measurement is signed by both: agreement <code>${measurement.agreementSha256.slice(0, 16)}</code>.</footer>`;
}
