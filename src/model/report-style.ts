/**
 * The style sheet of the report page: light and dark, for screens and for paper, with no outside
 * resource.
 */
import { paletteCss } from './report-palette.ts';

export const reportCss = (): string => `${paletteCss()}
:root {
  color-scheme: light dark;
  --page: #f5f7fa; --card: #ffffff; --text: #16202c; --quiet: #55606f; --line: #dfe4ec;
  --accent: #0b62c4; --accent-soft: #e8f1fc; --good: #0f7a4d; --bad: #b3261e;
  --warn: #8a5200; --warn-soft: #fff4de;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #10161e; --card: #182029; --text: #e8edf3; --quiet: #a3afbd; --line: #2b3441;
    --accent: #6db1ff; --accent-soft: #17293d; --good: #5fd39a; --bad: #ff9087;
    --warn: #ffce7a; --warn-soft: #33270f;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
main { max-width: 1080px; margin: 0 auto; padding: 40px 24px 56px; }
header { margin-bottom: 28px; }
.kicker { margin: 0 0 10px; color: var(--quiet); font-size: 14px; }
h1 { margin: 0 0 14px; font-size: clamp(27px, 4vw, 38px); line-height: 1.18; letter-spacing: -0.015em; text-wrap: balance; }
.lead { margin: 0; max-width: 44em; font-size: 18px; color: var(--text); }
.lead + .lead { margin-top: 8px; }
h2 { margin: 44px 0 6px; font-size: 22px; letter-spacing: -0.01em; }
h2 + p { margin: 0 0 16px; color: var(--quiet); max-width: 48em; }
h3 { margin: 0 0 2px; font-size: 16px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 20px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(176px, 1fr)); gap: 14px; margin: 0; }
.tiles .card { padding: 16px 18px; }
.tiles dt { color: var(--quiet); font-size: 14px; }
.tiles dd { margin: 0; }
.tiles .value { font-size: 29px; font-weight: 650; letter-spacing: -0.02em; font-variant-numeric: tabular-nums; }
.tiles .note { color: var(--quiet); font-size: 13px; line-height: 1.4; }
.first { border-color: var(--accent); background: var(--accent-soft); }
.better { color: var(--good); font-weight: 600; }
.worse { color: var(--bad); font-weight: 600; }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 16px; }
figure { margin: 0; }
figure svg { display: block; width: 100%; height: auto; margin: 12px 0 8px; }
figcaption { color: var(--quiet); font-size: 14px; line-height: 1.5; }
figcaption b { color: var(--text); font-weight: 600; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: 15px; font-variant-numeric: tabular-nums; }
th, td { padding: 9px 12px; text-align: right; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--quiet); font-weight: 500; font-size: 14px; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
th:last-child, td:last-child { padding-right: 0; }
tbody tr:last-child > * { border-bottom: 0; }
td { white-space: nowrap; }
tbody th { color: var(--text); font-size: 15px; font-weight: 500; }
.swatch { display: inline-block; width: 22px; height: 0; margin-right: 10px; vertical-align: middle; border-top: 3px solid; }
.swatch.joint { border-color: var(--joint); }
.swatch.own { border-color: var(--own); border-top-style: dashed; }
.swatch.pooled { border-color: var(--pooled); border-top-style: dotted; }
.learnt h3 { margin-bottom: 8px; }
.learnt ul { margin: 0; padding-left: 1.15em; }
.learnt li { margin: 5px 0; overflow-wrap: anywhere; }
.nobody { grid-column: 1 / -1; border-style: dashed; }
@media (min-width: 960px) { .learnt .card:first-child { grid-row: span 2; } }
tr.total > * { border-top: 2px solid var(--line); font-weight: 600; }
.columns { display: flex; flex-wrap: wrap; gap: 6px; margin: 6px 0 16px; padding: 0; list-style: none; }
.columns li { padding: 2px 9px; border: 1px solid var(--line); border-radius: 99px; font-size: 14px; overflow-wrap: anywhere; }
.warnings { margin-top: 20px; padding: 12px 18px; border-radius: 12px; background: var(--warn-soft); color: var(--warn); }
.warnings ul { margin: 4px 0 0; padding-left: 1.15em; }
details { margin-top: 16px; }
summary { cursor: pointer; color: var(--accent); font-weight: 550; }
details .card { margin-top: 10px; }
footer { margin-top: 44px; padding-top: 16px; border-top: 1px solid var(--line); color: var(--quiet); font-size: 13px; }
code { font: 0.93em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
@media print {
  body { background: #fff; font-size: 11pt; }
  main { max-width: none; padding: 0; }
  .card { break-inside: avoid; border-color: #ccc; }
  .grid { grid-template-columns: 1fr 1fr; }
  .tiles { grid-template-columns: repeat(3, 1fr); }
  h2 { break-after: avoid; }
  h2 + p { break-after: avoid; }
}`;
