/** A strict reader of HTML that a program wrote: every element is closed in order, every attribute quoted. */

export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Text inside, tags left out, entities decoded. */
  readonly text: string;
}

const VOID = new Set(['meta', 'br', 'hr', 'img', 'link', 'input']);
const TOKEN =
  /<!doctype html>|<\/([a-zA-Z0-9]+)>|<([a-zA-Z0-9]+)((?:\s+[a-zA-Z0-9:-]+="[^"<]*")*)\s*(\/?)>|[^<]+/gy;

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  '#39': "'",
};

function decode(text: string): string {
  return text.replace(/&([^;\s]*);?/g, (whole, name: string) => {
    const character = ENTITIES[name];
    if (character === undefined || !whole.endsWith(';')) throw new Error(`a bare & in: ${text}`);
    return character;
  });
}

/** All elements in the order in which they end; throws where the source is not well-formed. */
export function parseMarkup(source: string): Element[] {
  const open: { name: string; attributes: Record<string, string>; text: string }[] = [];
  const elements: Element[] = [];
  const end = (name: string): void => {
    const element = open.pop();
    if (element?.name !== name) throw new Error(`</${name}> ends <${element?.name}>`);
    elements.push(element);
    const parent = open.at(-1);
    if (parent !== undefined) parent.text += element.text;
  };
  TOKEN.lastIndex = 0;
  for (let at = 0; at < source.length; at = TOKEN.lastIndex) {
    const token = TOKEN.exec(source);
    if (token === null) throw new Error(`not markup: ${source.slice(at, at + 60)}`);
    const [whole, closed, opened, attributes = '', selfClosed] = token;
    if (closed !== undefined) {
      end(closed);
    } else if (opened !== undefined) {
      const pairs = [...attributes.matchAll(/([a-zA-Z0-9:-]+)="([^"]*)"/g)];
      const named = Object.fromEntries(pairs.map(([, name, value]) => [name, decode(value!)]));
      open.push({ name: opened, attributes: named, text: '' });
      if (selfClosed === '/' || VOID.has(opened)) end(opened);
    } else if (!whole.startsWith('<!') && open.length > 0) {
      const inside = open.at(-1)!;
      inside.text += inside.name === 'style' ? whole : decode(whole);
    }
  }
  if (open.length > 0) throw new Error(`<${open.at(-1)!.name}> never ends`);
  return elements;
}
