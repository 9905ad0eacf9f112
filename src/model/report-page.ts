/** A report as one page of HTML: nothing to load, nothing to run, every inserted text escaped. */
import { type Html, html } from './html.ts';
import type { Metrics } from './metrics.ts';
import { page } from './page.ts';
import { bytes, difference, duration, integer, percent, score, significant } from './quantities.ts';
import type { Report } from './report.ts';
import { accountSections } from './report-account.ts';
import { type Charts, drawCharts } from './report-charts.ts';
import { seriesOf } from './report-series.ts';
import { firstTenth, headline, positiveCase, ranking, totals } from './report-words.ts';

/** The whole page. Takes about a second, to draw the charts. */
export async function renderPage(report: Report): Promise<string> {
  const charts = await drawCharts(report);
  const { active, passive } = report.parties;
  return page({
    title: `Joint model report: ${active} and ${passive}`,
    main: html`${top(report)}
${tiles(report)}
${warnings(report)}
${quality(report, charts)}
${accountSections(report, charts)}
${footer(report)}`,
  });
}

function top(report: Report): Html {
  const { active, passive } = report.parties;
  return html`<header>
<p class="kicker">Joint model of ${active} and ${passive} · purpose: ${report.purpose} · ${day(report)}</p>
<h1>${headline(report)}</h1>
<p class="lead">${ranking(report)} ${firstTenth(report)}</p>
<p class="lead">Measured on ${integer(report.rows.heldOut)} customers that no model saw in training. Neither company saw a row of the other.</p>
</header>`;
}

const day = ({ createdAt }: Report): string => `${createdAt.slice(0, 16).replace('T', ' ')} UTC`;

function tiles(report: Report): Html {
  const { joint } = report.metrics;
  const { rows } = report;
  const training = totals(report, 'train');
  const own = report.metrics.activeOnly;
  return html`<dl class="tiles">
${tile('AUC of the joint model', score(joint.auc), comparison(joint.auc, own?.auc, report), 'first')}
${tile('KS of the joint model', score(joint.ks), comparison(joint.ks, own?.ks, report))}
${tile('Customers in both tables', integer(rows.aligned), html`${percent(rows.aligned / rows.active)} of ${report.parties.active}’s ${integer(rows.active)}`)}
${tile('Training time', duration(training.seconds), html`${integer(rows.train)} rows, ${report.features.active} + ${report.features.passive} features`)}
${tile('Training traffic', bytes(training.bytes), html`both ways, ${bytes(Math.round(training.bytes / rows.train))} a row`)}
</dl>`;
}

function tile(name: string, value: string, note: Html, kind = ''): Html {
  return html`<div class="card ${kind}"><dt>${name}</dt><dd><div class="value">${value}</div><div class="note">${note}</div></dd></div>`;
}

function comparison(joint: number, own: number | undefined, { parties }: Report): Html {
  if (own === undefined) return html`0.5 is chance, 1 is perfect`;
  const kind = joint >= own ? 'better' : 'worse';
  return html`<span class="${kind}">${difference(joint - own)}</span> against ${parties.active} alone (${score(own)})`;
}

function warnings(report: Report): Html {
  if (report.warnings.length === 0) return html``;
  return html`<section class="warnings" aria-label="Warnings"><strong>Please note</strong><ul>
${report.warnings.map((warning) => html`<li>${warning}</li>`)}
</ul></section>`;
}

function quality(report: Report, charts: Charts): Html {
  const { joint } = report.metrics;
  return html`<section>
<h2>How good the scores are</h2>
<p>A positive case is a customer with ${positiveCase(report)}: ${integer(joint.positives)} of the ${integer(joint.rows)} held-out rows, ${percent(joint.positives / joint.rows)}.</p>
<div class="card scroll">${modelTable(report)}</div>
<div class="grid" style="margin-top: 16px">
${figure('Whom to contact: gains', charts.gains, html`Start with the highest scores and go down the list. <b>The steeper the curve leaves the corner, the fewer customers you contact</b> to reach the same cases; the dotted diagonal is a random order.`)}
${figure('How much better than chance: lift', charts.lift, html`Each bar is a tenth of the customers. A lift of 3 means three times the average rate of positive cases; <b>good models are high on the left and low on the right</b>. The dotted line is the average.`)}
${figure('Ranking: ROC curve', charts.roc, html`Each point is one cut-off: how many positive cases are found, and how many others are flagged with them. <b>The closer to the upper left corner, the better</b>; the area below the curve is the AUC.`)}
${figure('Can the probabilities be trusted?', charts.calibration, html`Customers in ten groups by predicted probability of the joint model. <b>On the diagonal, what was predicted is what happened</b>; the bars show where the true rate lies 19 times in 20.`)}
${figure('How far the classes are apart', charts.scores, html`Where the joint model puts positive and other cases; each colour adds up to 100 %. <b>The less the two overlap, the easier the decision.</b>`)}
${figure('Is the difference more than luck?', charts.auc, html`AUC on the held-out rows; the bars show where it would lie 19 times in 20 for other customers like these. All models are measured on the same rows, so <b>points that lie apart by more than a bar’s half are unlikely to be luck</b>.`)}
</div>
${gainsDetails(joint)}
</section>`;
}

function figure(title: string, chart: Html, reading: Html): Html {
  return html`<figure class="card"><h3>${title}</h3>${chart}<figcaption>${reading}</figcaption></figure>`;
}

function modelTable(report: Report): Html {
  const explained: Readonly<Record<string, string>> = {
    joint: 'both parties’ columns, encrypted',
    own: `${report.parties.active}’s columns only`,
    pooled: 'for comparison in this demonstration',
  };
  return html`<table>
<thead><tr><th scope="col">Model</th><th scope="col">AUC ± 95 %</th><th scope="col">KS</th><th scope="col">Log-loss</th><th scope="col">Lift, first tenth</th></tr></thead>
<tbody>
${seriesOf(report).map(
  ({
    name,
    metrics,
    colour,
  }) => html`<tr><th scope="row"><span class="swatch ${colour}"></span>${name} <span class="kicker">(${explained[colour]})</span></th>
<td>${score(metrics.auc)} ± ${score(1.96 * metrics.aucError)}</td><td>${score(metrics.ks)}</td><td>${score(metrics.logLoss)}</td><td>${significant(metrics.gains[0]!.lift)} ×</td></tr>`,
)}
</tbody>
</table>`;
}

function gainsDetails({ gains }: Metrics): Html {
  return html`<details><summary>Gains and lift of the joint model in numbers</summary><div class="card scroll"><table>
<thead><tr><th scope="col">Tenth</th><th scope="col">Rows</th><th scope="col">Positive cases</th><th scope="col">Lift</th><th scope="col">Found so far</th><th scope="col">Lift so far</th></tr></thead>
<tbody>
${gains.map(
  (bin) =>
    html`<tr><th scope="row">${bin.decile}</th><td>${integer(bin.rows)}</td><td>${Number(bin.positives.toFixed(1))}</td><td>${significant(bin.lift)}</td><td>${percent(bin.cumulativePositives)}</td><td>${significant(bin.cumulativeLift)}</td></tr>`,
)}
</tbody></table></div></details>`;
}

function footer(report: Report): Html {
  return html`<footer>Job <code>${report.jobId}</code> · model <code>${report.modelId}</code> · made by Sotto. The numbers of this page are in <code>report.json</code> beside it. AUC: area under the ROC curve, its range after Hanley and McNeil; KS: largest distance between the score distributions of the two classes; log-loss in nats.</footer>`;
}
