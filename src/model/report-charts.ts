/** The charts of a report, drawn to SVG without a browser. */
import type { TopLevelSpec } from 'vega-lite';
import { escapeHtml, Html } from './html.ts';
import type { Report } from './report.ts';
import { ink } from './report-palette.ts';
import { seriesOf } from './report-series.ts';
import {
  aucChart,
  calibrationChart,
  gainsChart,
  histogramChart,
  liftChart,
  rocChart,
  type Sketch,
  trafficChart,
} from './report-sketches.ts';

export interface Charts {
  readonly auc: Html;
  readonly roc: Html;
  readonly gains: Html;
  readonly lift: Html;
  readonly calibration: Html;
  readonly scores: Html;
  readonly traffic: Html;
}

/**
 * All charts are of one size with their axes, so that their texts are equally large when the page
 * scales them.
 */
const WIDTH = 500;
const HEIGHT = 330;

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';

/** Every chart of the report; takes a second, most of it to load the drawing library. */
export async function drawCharts(report: Report): Promise<Charts> {
  const series = seriesOf(report);
  const { joint } = report.metrics;
  const sketches: Record<keyof Charts, readonly [Sketch, string]> = {
    auc: [aucChart(series), 'AUC of the models with their ranges'],
    roc: [rocChart(series), 'ROC curves of the models'],
    gains: [gainsChart(series), 'Share of positive cases found against share of rows contacted'],
    lift: [liftChart(series), 'Lift of each tenth of the rows, best scores first'],
    calibration: [calibrationChart(joint), 'Observed rate against predicted probability'],
    scores: [histogramChart(joint), 'Distribution of predicted probabilities by class'],
    traffic: [trafficChart(report), 'Bytes sent and received in each phase'],
  };
  const drawn = await Promise.all(
    Object.entries(sketches).map(async ([name, [sketch, title]]) => [
      name,
      await draw(sketch, title),
    ]),
  );
  return Object.fromEntries(drawn) as Charts;
}

/** One chart. A sketch may say its own size. */
export async function draw(sketch: Sketch, title: string): Promise<Html> {
  const [vega, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const specification = { width: WIDTH, height: HEIGHT, ...sketch, config: CONFIG } as TopLevelSpec;
  const view = new vega.View(vega.parse(compile(specification).spec), { renderer: 'none' });
  const drawn = await view.toSVG();
  view.finalize();
  // Within HTML an svg element needs no namespace, and the page names no address at all without
  // them.
  return new Html(
    drawn
      .replace(/ xmlns(:xlink)?="[^"]*"/g, '')
      .replace('<svg ', `<svg role="img" aria-label="${escapeHtml(title)}" `),
  );
}

const CONFIG = {
  aria: false,
  autosize: { type: 'fit', contains: 'padding' },
  background: 'transparent',
  font: FONT,
  view: { stroke: null },
  axis: {
    domain: false,
    ticks: false,
    gridColor: ink('grid'),
    labelColor: ink('ink'),
    titleColor: ink('ink'),
    labelFontSize: 11,
    titleFontSize: 12,
    titleFontWeight: 'normal',
    labelPadding: 6,
    titlePadding: 10,
  },
  legend: {
    labelColor: ink('ink'),
    labelFontSize: 12,
    symbolSize: 260,
    symbolStrokeWidth: 2.5,
    title: null,
    rowPadding: 5,
    labelLimit: 220,
  },
};
