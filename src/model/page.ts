/** A page of HTML that needs no other file: nothing to load, nothing to run. */
import { Html, html } from './html.ts';
import { reportCss } from './report-style.ts';

export interface PageParts {
  readonly title: string;
  readonly main: Html;
  /** Rules of this page alone, after those of all. */
  readonly css?: string;
}

export function page({ title, main, css = '' }: PageParts): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${new Html(reportCss() + css)}</style>
</head>
<body>
<main>
${main}
</main>
</body>
</html>
`.source;
}
