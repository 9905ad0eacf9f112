/** What the charts of a report show, as vega-lite specifications without size and style. */
import type { Metrics } from './metrics.ts';
import type { CalibrationBin } from './probabilities.ts';
import type { Report } from './report.ts';
import { ink } from './report-palette.ts';
import type { Series } from './report-series.ts';

/** Part of a vega-lite specification. */
export type Sketch = Readonly<Record<string, unknown>>;

const share = (title: string) => ({ title, axis: { format: '.0%', tickCount: 5 } });

/** Colour and dash by model, with one legend for both, inside the empty corner of rising curves. */
function modelChannels(series: readonly Series[]): Sketch {
  const domain = series.map(({ name }) => name);
  const legend = { orient: 'bottom-right', offset: 14 };
  return {
    color: {
      field: 'model',
      type: 'nominal',
      scale: { domain, range: series.map(({ colour }) => ink(colour)) },
      legend,
    },
    strokeDash: {
      field: 'model',
      type: 'nominal',
      scale: { domain, range: series.map(({ dash }) => dash) },
      legend,
    },
  };
}

const diagonal = (end = 1) => ({
  data: {
    values: [
      { x: 0, y: 0 },
      { x: end, y: end },
    ],
  },
  mark: { type: 'line', color: ink('chance'), strokeWidth: 1, strokeDash: [3, 3] },
  encoding: { x: { field: 'x', type: 'quantitative' }, y: { field: 'y', type: 'quantitative' } },
});

function curves(
  series: readonly Series[],
  points: (metrics: Metrics) => readonly { x: number; y: number }[],
  titles: { readonly x: string; readonly y: string },
): Sketch {
  const values = series.flatMap(({ name, metrics }) =>
    points(metrics).map((point) => ({ ...point, model: name })),
  );
  const lines = {
    data: { values },
    mark: { type: 'line', strokeWidth: 2.25 },
    encoding: {
      x: { field: 'x', type: 'quantitative', ...share(titles.x) },
      y: { field: 'y', type: 'quantitative', ...share(titles.y) },
      order: { field: 'x', type: 'quantitative' },
      ...modelChannels(series),
    },
  };
  return { layer: [diagonal(), lines] };
}

export function rocChart(series: readonly Series[]): Sketch {
  return curves(
    series,
    ({ roc }) => roc.map((point) => ({ x: point.falsePositiveRate, y: point.truePositiveRate })),
    { x: 'Other cases flagged by mistake', y: 'Positive cases found' },
  );
}

export function gainsChart(series: readonly Series[]): Sketch {
  return curves(
    series,
    ({ gains }) => [
      { x: 0, y: 0 },
      ...gains.map((bin) => ({ x: bin.cumulativeRows, y: bin.cumulativePositives })),
    ],
    { x: 'Customers contacted, best scores first', y: 'Positive cases among them' },
  );
}

/** Each model's AUC with the range that holds it 19 times in 20; the axis shows what is in play. */
export function aucChart(series: readonly Series[]): Sketch {
  const values = series.map(({ name, metrics: { auc, aucError } }) => ({
    model: name,
    auc,
    low: Math.max(0, auc - 1.96 * aucError),
    high: Math.min(1, auc + 1.96 * aucError),
    text: auc.toFixed(3),
  }));
  const least = Math.min(0.5, ...values.map(({ low }) => Math.floor(low * 20) / 20));
  const domain = series.map(({ name }) => name);
  const range = series.map(({ colour }) => ink(colour));
  return {
    data: { values },
    height: 240,
    encoding: {
      y: {
        field: 'model',
        type: 'nominal',
        sort: domain,
        title: null,
        axis: { labelFontSize: 12, grid: false, labelLimit: 220 },
      },
      color: { field: 'model', type: 'nominal', scale: { domain, range }, legend: null },
    },
    layer: [
      {
        mark: { type: 'rule', strokeWidth: 3, opacity: 0.5 },
        encoding: {
          x: {
            field: 'low',
            type: 'quantitative',
            title: 'AUC: 0.5 is chance, 1 is perfect',
            scale: { domain: [least, 1], zero: false },
            axis: { tickCount: 6, format: '.1f' },
          },
          x2: { field: 'high' },
        },
      },
      {
        mark: { type: 'point', filled: true, size: 150, opacity: 1 },
        encoding: { x: { field: 'auc', type: 'quantitative' } },
      },
      {
        mark: { type: 'text', dy: -16, fontSize: 13, fontWeight: 600 },
        encoding: {
          x: { field: 'auc', type: 'quantitative' },
          text: { field: 'text' },
        },
      },
    ],
  };
}

/** Bars side by side; the pooled model is left out, whose bars nobody can act on. */
export function liftChart(all: readonly Series[]): Sketch {
  const series = all.filter(({ colour }) => colour !== 'pooled');
  const values = series.flatMap(({ name, metrics }) =>
    metrics.gains.map(({ decile, lift }) => ({ decile, lift, model: name })),
  );
  const domain = series.map(({ name }) => name);
  return {
    data: { values },
    layer: [
      {
        mark: { type: 'bar' },
        encoding: {
          x: {
            field: 'decile',
            type: 'ordinal',
            title: 'Tenth of the customers (1 = highest scores)',
            axis: { labelAngle: 0, grid: false },
          },
          xOffset: { field: 'model', sort: domain },
          y: { field: 'lift', type: 'quantitative', title: 'Lift: times the average rate' },
          color: {
            field: 'model',
            type: 'nominal',
            scale: { domain, range: series.map(({ colour }) => ink(colour)) },
            legend: { orient: 'top-right', symbolType: 'square', symbolStrokeWidth: 0 },
          },
        },
      },
      {
        mark: { type: 'rule', color: ink('chance'), strokeDash: [3, 3] },
        encoding: { y: { datum: 1 } },
      },
    ],
  };
}

/**
 * The interval that holds the true rate 19 times in 20, after E. B. Wilson (1927): sound near 0
 * and 1 too.
 */
function wilson({ rows, observed }: CalibrationBin): {
  readonly low: number;
  readonly high: number;
} {
  const z = 1.96;
  const centre = observed + (z * z) / (2 * rows);
  const spread = z * Math.sqrt((observed * (1 - observed)) / rows + (z * z) / (4 * rows * rows));
  const scale = 1 + (z * z) / rows;
  return { low: (centre - spread) / scale, high: (centre + spread) / scale };
}

export function calibrationChart({ calibration }: Metrics): Sketch {
  const values = calibration.map((bin) => ({
    x: bin.meanPredicted,
    y: bin.observed,
    ...wilson(bin),
  }));
  const most = values.reduce((end, { x, high }) => Math.max(end, x, high), 0);
  const end = Math.min(1, Math.ceil(most * 10) / 10);
  const scale = { domain: [0, end] };
  const x = { field: 'x', type: 'quantitative', scale, ...share('Predicted probability') };
  const y = { type: 'quantitative', scale, ...share('Observed rate') };
  return {
    layer: [
      diagonal(end),
      {
        data: { values },
        mark: { type: 'rule', color: ink('joint'), opacity: 0.45, strokeWidth: 2 },
        encoding: { x, y: { field: 'low', ...y }, y2: { field: 'high' } },
      },
      {
        data: { values },
        mark: { type: 'point', filled: true, size: 70, opacity: 1, color: ink('joint') },
        encoding: { x, y: { field: 'y', ...y } },
      },
    ],
  };
}

export function histogramChart({ histogram, positives, rows }: Metrics): Sketch {
  const classes = [
    { name: 'Other cases', colour: ink('negative') },
    { name: 'Positive cases', colour: ink('positive') },
  ] as const;
  const values = histogram.flatMap(({ from, to, positives: hits, negatives }) => [
    { from, to, part: negatives / (rows - positives), class: classes[0].name },
    { from, to, part: hits / positives, class: classes[1].name },
  ]);
  return {
    data: { values },
    mark: { type: 'bar', opacity: 0.6, binSpacing: 1 },
    encoding: {
      x: {
        field: 'from',
        type: 'quantitative',
        bin: { binned: true },
        ...share('Predicted probability'),
        scale: { domain: [0, 1] },
      },
      x2: { field: 'to' },
      y: { field: 'part', type: 'quantitative', stack: null, ...share('Share of the class') },
      color: {
        field: 'class',
        type: 'nominal',
        scale: { domain: classes.map(({ name }) => name), range: classes.map((c) => c.colour) },
        legend: { orient: 'top-right', symbolType: 'square', symbolStrokeWidth: 0 },
      },
    },
  };
}

export function trafficChart({ phases, parties }: Report): Sketch {
  const directions = [
    `${parties.active} → ${parties.passive}`,
    `${parties.passive} → ${parties.active}`,
  ];
  const values = phases.flatMap(({ name, sentBytes, receivedBytes }) => [
    { phase: name, bytes: sentBytes, direction: directions[0] },
    { phase: name, bytes: receivedBytes, direction: directions[1] },
  ]);
  return {
    data: { values },
    height: 90 + 62 * phases.length,
    mark: { type: 'bar' },
    encoding: {
      y: {
        field: 'phase',
        type: 'nominal',
        sort: phases.map(({ name }) => name),
        title: null,
        axis: { labelFontSize: 12 },
      },
      yOffset: { field: 'direction', sort: directions },
      x: {
        field: 'bytes',
        type: 'quantitative',
        title: 'Traffic',
        axis: { tickCount: 5, labelExpr: "format(datum.value, '~s') + 'B'" },
      },
      color: {
        field: 'direction',
        type: 'nominal',
        scale: { domain: directions, range: [ink('joint'), ink('own')] },
        legend: { orient: 'bottom', symbolType: 'square', symbolStrokeWidth: 0 },
      },
    },
  };
}
