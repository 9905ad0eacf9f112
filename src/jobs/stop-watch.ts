/** Seconds and bytes of each stretch of a job, for its report. */
import type { ReportPhase } from '../model/report.ts';
import type { JobContext } from './role.ts';

export class StopWatch {
  readonly phases: ReportPhase[] = [];
  readonly #context: Pick<JobContext, 'party' | 'clock'>;
  #sinceMs: number;
  #sent: number;
  #received: number;

  constructor(context: Pick<JobContext, 'party' | 'clock'>) {
    this.#context = context;
    this.#sinceMs = context.clock.elapsed();
    this.#sent = context.party.channel.traffic.sent;
    this.#received = context.party.channel.traffic.received;
  }

  /** Ends the stretch since the last one, and names it. */
  lap(name: string): void {
    const { party, clock } = this.#context;
    const nowMs = clock.elapsed();
    const { sent, received } = party.channel.traffic;
    this.phases.push({
      name,
      seconds: (nowMs - this.#sinceMs) / 1000,
      sentBytes: sent - this.#sent,
      receivedBytes: received - this.#received,
    });
    [this.#sinceMs, this.#sent, this.#received] = [nowMs, sent, received];
  }
}
