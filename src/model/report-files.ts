/** A report as files: JSON for programs, and one page for people. */
import { join } from 'node:path';
import { writeWhole } from './file.ts';
import type { Report } from './report.ts';
import { renderPage } from './report-page.ts';

/** The files of a report, by name. The page needs no other file and no network. */
export async function renderReport(report: Report): Promise<Record<ReportFile, string>> {
  return {
    'report.json': `${JSON.stringify(report, undefined, 2)}\n`,
    'report.html': await renderPage(report),
  };
}

export type ReportFile = 'report.json' | 'report.html';

/** Writes both files into the folder, each whole or not at all; resolves to their names. */
export async function writeReport(folder: string, report: Report): Promise<ReportFile[]> {
  const files = await renderReport(report);
  const names = Object.keys(files) as ReportFile[];
  for (const name of names) await writeWhole(join(folder, name), files[name]);
  return names;
}
