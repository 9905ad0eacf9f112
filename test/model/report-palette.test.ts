import { expect, test } from 'vitest';
import { PALETTE, paletteCss } from '../../src/model/report-palette.ts';

/** Relative luminance and contrast as WCAG 2.2 defines them. */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function contrast(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light! + 0.05) / (dark! + 0.05);
}

const CARDS = ['#ffffff', '#182029'] as const;

test.each(['joint', 'own', 'pooled', 'positive', 'negative'] as const)(
  'the mark colour %s stands out 3:1 on the card of either theme',
  (name) => {
    for (const theme of [0, 1] as const) {
      expect(contrast(PALETTE[name][theme], CARDS[theme])).toBeGreaterThan(3);
    }
  },
);

test('texts of charts stand out 4.5:1 on the card of either theme', () => {
  for (const theme of [0, 1] as const) {
    expect(contrast(PALETTE.ink[theme], CARDS[theme])).toBeGreaterThan(4.5);
  }
});

test('no two names share a colour, or one would be recoloured as the other', () => {
  const light = Object.values(PALETTE).map(([colour]) => colour);
  expect(new Set(light).size).toBe(light.length);
  expect(paletteCss()).toContain(`svg [stroke="${PALETTE.joint[0]}"] { stroke: var(--joint); }`);
});
