/** What a doctor says of one thing that was looked at. */

export interface Finding {
  readonly subject: string;
  /** `fail`: jobs cannot run. `warn`: they run worse, or not for long. */
  readonly level: 'ok' | 'warn' | 'fail';
  readonly found: string;
  /** What to do; empty when all is well. */
  readonly remedy: string;
}

export const ok = (subject: string, found: string): Finding => ({
  subject,
  level: 'ok',
  found,
  remedy: '',
});
export const warn = (subject: string, found: string, remedy: string): Finding => ({
  subject,
  level: 'warn',
  found,
  remedy,
});
export const fail = (subject: string, found: string, remedy: string): Finding => ({
  subject,
  level: 'fail',
  found,
  remedy,
});
