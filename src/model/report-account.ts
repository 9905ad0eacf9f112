/**
 * The part of the report page that gives account: who learnt what, what it took, and with which
 * parameters.
 */
import { type Html, html } from './html.ts';
import { bytes, duration } from './quantities.ts';
import type { Report } from './report.ts';
import type { Charts } from './report-charts.ts';
import { KEPT_PRIVATE, totals } from './report-words.ts';

/** The link on which traffic is weighed: a modest line between two companies, in bits a second. */
const LINK = { name: '100 Mbit/s', bitsPerSecond: 100e6 } as const;

export function accountSections(report: Report, charts: Charts): Html {
  return html`${learnt(report)}
${cost(report, charts)}
${parameters(report)}`;
}

function learnt({ disclosures, parties }: Report): Html {
  const of = (party: string) =>
    disclosures.filter((entry) => entry.party === party).map(({ learns }) => learns);
  const [active, passive] = [of(parties.active), of(parties.passive)];
  const both = active.filter((item) => passive.includes(item));
  const only = (items: string[]) => items.filter((item) => !both.includes(item));
  return html`<section>
<h2>Who learnt what</h2>
<p>Both parties signed this list before any data moved. What is not on it, the protocol does not reveal to a party that follows it.</p>
<div class="grid learnt">
${learntCard('Both parties learnt', both)}
${learntCard(`Only ${parties.active} learnt`, only(active))}
${learntCard(`Only ${parties.passive} learnt`, only(passive))}
${learntCard('Neither learnt of the other', KEPT_PRIVATE, 'nobody')}
</div>
</section>`;
}

function learntCard(title: string, items: readonly string[], kind = ''): Html {
  const shown = items.length === 0 ? ['nothing more'] : items;
  return html`<div class="card ${kind}"><h3>${title}</h3><ul>${shown.map((item) => html`<li>${item}</li>`)}</ul></div>`;
}

function cost(report: Report, charts: Charts): Html {
  const all = totals(report);
  const sum = (of: 'sentBytes' | 'receivedBytes') =>
    report.phases.reduce((total, phase) => total + phase[of], 0);
  const wire = (8 * all.bytes) / LINK.bitsPerSecond;
  return html`<section>
<h2>What it took</h2>
<p>${duration(all.seconds)} and ${bytes(all.bytes)} in all. On a line of ${LINK.name} these bytes alone take ${duration(wire)}.</p>
<div class="grid">
<figure class="card"><h3>Traffic by phase</h3>${charts.traffic}<figcaption>All bytes of the conversation, in each direction; framing included, TLS and TCP not.</figcaption></figure>
<div class="card scroll"><table>
<thead><tr><th scope="col">Phase</th><th scope="col">Time</th><th scope="col">${report.parties.active} sent</th><th scope="col">${report.parties.passive} sent</th></tr></thead>
<tbody>
${report.phases.map(
  (phase) =>
    html`<tr><th scope="row">${phase.name}</th><td>${duration(phase.seconds)}</td><td>${bytes(phase.sentBytes)}</td><td>${bytes(phase.receivedBytes)}</td></tr>`,
)}
<tr class="total"><th scope="row">total</th><td>${duration(all.seconds)}</td><td>${bytes(sum('sentBytes'))}</td><td>${bytes(sum('receivedBytes'))}</td></tr>
</tbody></table></div>
</div>
</section>`;
}

function parameters(report: Report): Html {
  const { active, passive } = report.parties;
  return html`<section>
<h2>What went in</h2>
<p>Columns are named in the agreement, so both parties know the names; values stayed where they are.</p>
<div class="grid">
<div class="card">
<h3>${active}: ${report.columns.active.length} columns, ${report.features.active} features</h3>${columnList(report.columns.active)}
<h3>${passive}: ${report.columns.passive.length} columns, ${report.features.passive} features</h3>${columnList(report.columns.passive)}
</div>
<div class="card scroll"><table>
<thead><tr><th scope="col">Parameter</th><th scope="col">Value</th></tr></thead>
<tbody>
${Object.entries(report.parameters).map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`)}
</tbody></table></div>
</div>
</section>`;
}

function columnList(names: readonly string[]): Html {
  return html`<ul class="columns">${names.map((name) => html`<li>${name}</li>`)}</ul>`;
}
