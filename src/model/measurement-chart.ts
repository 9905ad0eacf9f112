/** Rates of cohorts as a chart: a point and an interval each, and a line at the rate of the control where all have one. */
import type { Html } from './html.ts';
import type { Measurement } from './measurement.ts';
import { draw } from './report-charts.ts';
import { ink } from './report-palette.ts';
import type { Sketch } from './report-sketches.ts';

const ROW_HEIGHT = 30;
/** Wider than a report's other charts: it stands alone. */
const WIDTH = 860;

function measurementSketch({ cohorts }: Measurement): Sketch {
  const controls = new Set(cohorts.map(({ control }) => control));
  const known = cohorts.flatMap(({ name, rate }) =>
    rate === undefined
      ? []
      : [{ name, role: controls.has(name) ? 'control' : 'treatment', ...rate }],
  );
  const control = controls.size === 2 ? known.find(({ role }) => role === 'control') : undefined;
  const y = {
    field: 'name',
    type: 'nominal',
    sort: cohorts.map(({ name }) => name),
    axis: { title: null, labelFontSize: 13, labelLimit: 180 },
  };
  const x = { type: 'quantitative', axis: { format: '.1~%', tickCount: 6 }, scale: { zero: true } };
  const color = {
    field: 'role',
    type: 'nominal',
    scale: { domain: ['treatment', 'control'], range: [ink('joint'), ink('own')] },
    legend: null,
  };
  const line = {
    data: { values: control === undefined ? [] : [{ value: control.value }] },
    mark: { type: 'rule', color: ink('own'), strokeDash: [4, 3], strokeWidth: 1 },
    encoding: { x: { field: 'value', ...x } },
  };
  const intervals = {
    mark: { type: 'rule', strokeWidth: 3, strokeCap: 'round', opacity: 0.55 },
    encoding: {
      y,
      color,
      x: { field: 'low', ...x, title: 'Converted, with 95 % interval' },
      x2: { field: 'high' },
    },
  };
  const points = {
    mark: { type: 'point', filled: true, size: 110, opacity: 1 },
    encoding: { y, color, x: { field: 'value', ...x } },
  };
  return {
    width: WIDTH,
    height: ROW_HEIGHT * Math.max(2, known.length) + 50,
    data: { values: known },
    layer: [line, intervals, points],
  };
}

export const drawMeasurement = (measurement: Measurement): Promise<Html> =>
  draw(measurementSketch(measurement), 'Share of each cohort that converted, with intervals');

/** The chart as a file of its own. */
export async function measurementSvg(measurement: Measurement): Promise<string> {
  const { source } = await drawMeasurement(measurement);
  return `${source.replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" ')}\n`;
}
