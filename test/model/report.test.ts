import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { reportOf } from '../../src/model/report.ts';
import { renderReport, writeReport } from '../../src/model/report-files.ts';
import { type Element, parseMarkup } from '../support/markup.ts';
import { sampleFacts, sampleMetrics, sampleReport } from '../support/sample-report.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const CHARTS = 7;

describe('the page', () => {
  let source: string;
  let elements: Element[];
  const all = (name: string) => elements.filter((element) => element.name === name);
  const texts = (name: string) => all(name).map(({ text }) => text.trim());

  beforeAll(async () => {
    source = (await renderReport(sampleReport()))['report.html'];
    elements = parseMarkup(source);
  });

  test('is well-formed and draws every chart inline, each with a name for who cannot see it', () => {
    expect(all('svg')).toHaveLength(CHARTS);
    const labels = all('svg').map(({ attributes }) => attributes['aria-label']);
    expect(new Set(labels).size).toBe(CHARTS);
    expect(all('figcaption')).toHaveLength(CHARTS);
  });

  test('names no address, runs no script, and forbids both', () => {
    expect(source.match(/[a-z]+:\/\/|url\(|@import|javascript:|\bsrc=|\bhref=/gi)).toBe(null);
    expect(all('script')).toEqual([]);
    expect(all('meta').map(({ attributes }) => attributes.content)).toContain(
      "default-src 'none'; style-src 'unsafe-inline'",
    );
  });

  test('has no two elements of one id, which clips of several charts would share', () => {
    const ids = elements.flatMap(({ attributes }) => attributes.id ?? []);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('says the result in words that need no statistics', () => {
    expect(texts('h1')).toEqual(['With company’s data, bank ranks its customers better.']);
    expect(texts('p').join(' ')).toMatch(/in \d\d of 100 such pairs the joint model/);
  });

  test('shows the numbers of all three models', () => {
    const { joint, activeOnly, pooled } = sampleFacts.metrics;
    for (const metrics of [joint, activeOnly!, pooled!]) {
      expect(texts('td').join(' ')).toContain(`${metrics.auc.toFixed(3)} ±`);
    }
  });

  test('lists what each party learnt, what both did, and what nobody did', () => {
    const titles = texts('h3').filter((title) => title.includes('learnt'));
    expect(titles).toEqual([
      'Both parties learnt',
      'Only bank learnt',
      'Only company learnt',
      'Neither learnt of the other',
    ]);
    const items = texts('li');
    for (const { learns } of sampleFacts.disclosures) expect(items).toContain(learns);
  });

  test('adds up time and traffic of the phases', () => {
    const total = texts('tr').find((row) => row.startsWith('total'));
    expect(total).toBe('total10.1\u00a0s3.35\u00a0MB4.94\u00a0MB');
  });
});

describe('texts that come from outside', () => {
  const hostile = `</style><script>alert("1")</script>&amp;'"<img src=x onerror=alert(1)>`;

  test('are shown as they are and never become markup, wherever they stand', async () => {
    const report = sampleReport({
      jobId: hostile,
      modelId: hostile,
      purpose: hostile,
      parties: { active: hostile, passive: `${hostile}2` },
      label: { column: hostile, positive: hostile },
      columns: { active: [hostile], passive: [hostile] },
      disclosures: [{ party: hostile, learns: hostile }],
      parameters: { [hostile]: hostile },
      warnings: [hostile],
      phases: [{ name: hostile, seconds: 1, sentBytes: 1, receivedBytes: 1 }],
    });
    const elements = parseMarkup((await renderReport(report))['report.html']);
    expect(elements.filter(({ name }) => name === 'script' || name === 'img')).toEqual([]);
    expect(elements.filter(({ name }) => name === 'svg')).toHaveLength(CHARTS);
    expect(elements.filter(({ name, text }) => name === 'li' && text === hostile)).toHaveLength(4);
    const attributes = elements.flatMap((element) => Object.keys(element.attributes));
    expect(attributes.filter((name) => name.startsWith('on'))).toEqual([]);
  });
});

describe('a report without comparisons', () => {
  test('says what was done, and draws the joint model alone', async () => {
    const report = sampleReport({ metrics: { joint: sampleMetrics(2) } });
    const elements = parseMarkup((await renderReport(report))['report.html']);
    const title = elements.find(({ name }) => name === 'h1')!.text;
    expect(title).toBe('bank and company trained one model without showing each other a row.');
    expect(elements.some(({ text }) => text.includes('bank alone'))).toBe(false);
  });

  test('a gain within one standard error is not called one', async () => {
    const same = sampleMetrics(2);
    const report = sampleReport({ metrics: { joint: same, activeOnly: same } });
    const page = (await renderReport(report))['report.html'];
    expect(page).toContain('company’s data makes no clear difference');
  });
});

test('report.json is the report, and both files are written', async () => {
  const folder = join(temporaryFolder(), 'reports');
  const report = sampleReport();
  expect(await writeReport(folder, report)).toEqual(['report.json', 'report.html']);
  expect(JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'))).toEqual(
    JSON.parse(JSON.stringify(report)),
  );
  expect(readFileSync(join(folder, 'report.html'), 'utf8')).toContain('<!doctype html>');
});

describe('impossible facts are refused', () => {
  const phase = { name: 'train', seconds: 1, sentBytes: 1, receivedBytes: 1 };
  test.each([
    ['createdAt', { createdAt: 'today' }],
    ['rows.train', { rows: { ...sampleFacts.rows, train: -1 } }],
    ['phases.0.seconds', { phases: [{ ...phase, seconds: Number.NaN }] }],
    ['phases.0.sentBytes', { phases: [{ ...phase, sentBytes: 0.5 }] }],
  ])('%s', (field, change) => {
    expect(() => reportOf({ ...sampleFacts, ...change })).toThrow(
      expect.objectContaining({ code: 'internal', facts: { field } }),
    );
  });

  test('models compared on different rows', () => {
    const metrics = { joint: sampleMetrics(2), activeOnly: sampleMetrics(1, 500) };
    expect(() => sampleReport({ metrics })).toThrow(
      expect.objectContaining({
        facts: { model: 'activeOnly', expected: 600, received: 500 },
      }),
    );
  });
});
