/** The models of a report as they are compared: names and looks, the same in every chart and table. */
import type { Metrics } from './metrics.ts';
import type { Report } from './report.ts';
import type { Colour } from './report-palette.ts';

/** One line of a comparison: a name that people read, and how it is drawn. */
export interface Series {
  readonly name: string;
  readonly metrics: Metrics;
  readonly colour: Colour;
  readonly dash: readonly number[];
}

/** The models of a report in the order of their importance. */
export function seriesOf(report: Report): Series[] {
  const { joint, activeOnly, pooled } = report.metrics;
  const series: Series[] = [{ name: 'Joint model', metrics: joint, colour: 'joint', dash: [1, 0] }];
  if (activeOnly !== undefined) {
    const name = `${report.parties.active} alone`;
    series.push({ name, metrics: activeOnly, colour: 'own', dash: [7, 3] });
  }
  if (pooled !== undefined) {
    series.push({ name: 'Data in one place', metrics: pooled, colour: 'pooled', dash: [2, 2] });
  }
  return series;
}
