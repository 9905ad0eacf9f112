/** A job's progress for a person: one live line in a terminal, else a line when the phase or a tenth changes. */
import type { Job } from '../gen/sotto/job/v1/job_pb.ts';
import { JobState, JobStateSchema } from '../gen/sotto/job/v1/job_pb.ts';
import { bytesText, type Output, secondsText } from './output.ts';

const BAR = 24; // characters

export class ProgressLine {
  readonly #output: Output;
  readonly #label: string;
  #said = '';

  constructor(output: Output, label: string) {
    this.#output = output;
    this.#label = label;
  }

  /** Shows the job as it is now. */
  show(job: Job): void {
    const text = `${this.#label} ${progressText(job)}`;
    if (this.#output.live) {
      this.#output.rewrite(text.slice(0, (process.stderr.columns ?? 100) - 1));
      return;
    }
    const tenth = Math.floor((job.progress?.percent ?? 0) / 10);
    const key = `${job.state}/${job.progress?.phase}/${tenth}`;
    if (key !== this.#said) this.#output.remark(text);
    this.#said = key;
  }

  /** Leaves the terminal's line free for what follows. */
  end(): void {
    this.#output.rewrite('');
  }
}

/** `[######            ]  26 %  training, pass 3 of 10  1.2 MB sent, 0.9 MB received  8 s to go` */
export function progressText(job: Job): string {
  const percent = Math.min(100, Math.max(0, job.progress?.percent ?? 0));
  const full = Math.round((percent / 100) * BAR);
  const bar = `[${'#'.repeat(full)}${' '.repeat(BAR - full)}]`;
  const progress = job.progress;
  const parts = [`${bar} ${percent.toFixed(0).padStart(3)} %`, phaseText(job)];
  if (progress && progress.bytesSent + progress.bytesReceived > 0n) {
    parts.push(
      `${bytesText(Number(progress.bytesSent))} sent, ${bytesText(Number(progress.bytesReceived))} received`,
    );
  }
  if (progress?.etaSeconds !== undefined && !ended(job)) {
    parts.push(`${secondsText(progress.etaSeconds)} to go`);
  }
  return parts.join('  ');
}

function phaseText(job: Job): string {
  const state = stateText(job.state);
  const { phase = '', detail = '' } = job.progress ?? {};
  if (phase.startsWith('waits for ') && !ended(job)) return `${state}, ${phase}`;
  if (job.state !== JobState.RUNNING || phase === '') return state;
  return detail === '' ? phase : `${phase}, ${detail}`;
}

/** `awaiting approval` of JOB_STATE_AWAITING_APPROVAL. */
export function stateText(state: JobState): string {
  const name = JobStateSchema.value[state]?.localName ?? 'unknown';
  return name.toLowerCase().replaceAll('_', ' ');
}

export function ended(job: Job): boolean {
  return (
    job.state === JobState.SUCCEEDED ||
    job.state === JobState.FAILED ||
    job.state === JobState.CANCELLED
  );
}
