/**
 * HTML as a template whose every hole is escaped, unless what goes in is such a template itself.
 */

/** A piece of HTML that is safe to insert as it is. */
export class Html {
  readonly source: string;

  /** Only for text that this program wrote itself, or that was escaped. */
  constructor(source: string) {
    this.source = source;
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text for an element's content or for an attribute in quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

type Hole = string | number | Html | readonly Html[] | undefined;

function fill(hole: Hole): string {
  if (hole === undefined) return '';
  if (hole instanceof Html) return hole.source;
  if (typeof hole === 'object') return hole.map((piece) => piece.source).join('');
  return escapeHtml(String(hole));
}

/** html`<td>${name}</td>`: strings and numbers are escaped, pieces and lists of pieces inserted. */
export function html(texts: TemplateStringsArray, ...holes: readonly Hole[]): Html {
  return new Html(String.raw({ raw: texts }, ...holes.map(fill)));
}
