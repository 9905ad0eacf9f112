/** The cost of a pass against rows, as a picture of its own. */
import { draw } from '../src/model/report-charts.ts';
import { ink } from '../src/model/report-palette.ts';
import type { Row } from './harness.ts';

const SIZED = /^pass: (\d+)k x .*, (CPU of both parties|bytes, both ways)$/;

/** Both axes logarithmic: a line of slope 1 is a cost in proportion to rows. */
export async function passPlot(rows: readonly Row[]): Promise<string> {
  const values = rows.flatMap(({ name, value, unit }) => {
    const [, thousands, what] = SIZED.exec(name) ?? [];
    return what === undefined
      ? []
      : [{ rows: 1000 * Number(thousands), value, what: `${what} (${unit})` }];
  });
  const axis = { scale: { type: 'log' }, axis: { format: '~s', tickCount: 5 } };
  const color = { scale: { range: [ink('joint'), ink('own')] }, legend: { orient: 'top' } };
  const { source } = await draw(
    {
      data: { values },
      mark: { type: 'line', point: true },
      encoding: {
        x: { field: 'rows', type: 'quantitative', title: 'Rows', ...axis },
        y: { field: 'value', type: 'quantitative', title: 'Of a pass, 30 + 30 columns', ...axis },
        color: { field: 'what', type: 'nominal', ...color },
      },
    },
    'Processor time and bytes of a pass against rows',
  );
  return `${source.replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" ')}\n`;
}
