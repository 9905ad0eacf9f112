/**
 * Numbers as people read them: bytes, seconds, counts, shares, their units kept on the same line.
 */

const LARGER_BYTES = ['kB', 'MB', 'GB', 'TB'] as const;

/** Three significant digits, decimal units: 1234567 -> "1.23 MB". */
export function bytes(count: number): string {
  if (count < 1000) return `${count}\u00a0bytes`;
  let value = count;
  let unit = -1;
  // 999,500 would print as "1000 kB".
  while (value >= 999.5 && unit < LARGER_BYTES.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${significant(value)}\u00a0${LARGER_BYTES[unit]}`;
}

/** "420 ms", "8.31 s", "2 min 5 s", "3 h 20 min". */
export function duration(seconds: number): string {
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)}\u00a0ms`;
  if (seconds < 99.95) return `${significant(seconds)}\u00a0s`;
  if (seconds < 3600) {
    const whole = Math.round(seconds);
    return `${Math.floor(whole / 60)}\u00a0min ${whole % 60}\u00a0s`;
  }
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)}\u00a0h ${minutes % 60}\u00a0min`;
}

/** 1234567 -> "1,234,567". */
export const integer = (value: number): string => Math.round(value).toLocaleString('en-US');

/** 0.1234 -> "12.3 %". */
export const percent = (share: number): string => `${(100 * share).toFixed(1)}\u00a0%`;

/** 0.84123 -> "0.841". */
export const score = (value: number): string => value.toFixed(3);

/** With its sign: 0.0671 -> "+0.067"; a proper minus for negative ones. */
export function difference(value: number): string {
  const size = Math.abs(value).toFixed(3);
  if (Number(size) === 0) return '±0.000';
  return `${value > 0 ? '+' : '−'}${size}`;
}

/** 1.534 -> "1.53"; whole digits are never rounded away. */
export function significant(value: number): string {
  if (value >= 100) return String(Math.round(value));
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
