/**
 * Colours of the report. Charts are drawn in the light ones; the page's style replaces them in the
 * dark.
 */

/**
 * Light, dark. Blue, orange and grey stay apart for every common kind of colour blindness, and
 * models differ in dash as well.
 */
export const PALETTE = {
  joint: ['#0b62c4', '#6db1ff'],
  own: ['#c2570c', '#ff9d52'],
  pooled: ['#59636f', '#a9b4c2'],
  positive: ['#ad1f66', '#ff86bd'],
  negative: ['#6f7f96', '#8b9bb4'],
  ink: ['#3f4957', '#c3ccd8'],
  grid: ['#e4e8ef', '#2b3441'],
  chance: ['#98a2b0', '#6a7585'],
} as const satisfies Record<string, readonly [string, string]>;

export type Colour = keyof typeof PALETTE;

/** The colour as charts are drawn. */
export const ink = (colour: Colour): string => PALETTE[colour][0];

/** Style rules that give each colour its name, and recolour what charts painted with it. */
export function paletteCss(): string {
  const names = Object.keys(PALETTE) as Colour[];
  const variables = (theme: 0 | 1): string =>
    names.map((name) => `--${name}: ${PALETTE[name][theme]};`).join(' ');
  const rules = names.flatMap((name) => [
    `svg [fill="${ink(name)}"] { fill: var(--${name}); }`,
    `svg [stroke="${ink(name)}"] { stroke: var(--${name}); }`,
  ]);
  return [
    `:root { ${variables(0)} }`,
    `@media screen and (prefers-color-scheme: dark) { :root { ${variables(1)} } }`,
    ...rules,
  ].join('\n');
}
