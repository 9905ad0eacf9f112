/** Runs mutated cases: each by coins of its own, drawn from the seed and its number, so that any can be run again. */
import { createHash } from 'node:crypto';
import { asSottoError } from '../../src/base/errors.ts';
import { sealExceptions } from '../../src/primitives/he/index.ts';
import { wordsFrom } from '../support/ring.ts';
import type { Word } from './mutations.ts';
import type { Case, Target } from './target.ts';
import { databaseTargets } from './targets/databases.ts';
import { fileTargets } from './targets/files.ts';
import { frameTargets } from './targets/frames.ts';
import { messages } from './targets/messages.ts';
import { operatorTargets } from './targets/operators.ts';
import { ciphertexts, primitiveTargets } from './targets/primitives.ts';
import { proposalTargets } from './targets/proposals.ts';
import { roleTargets } from './targets/roles.ts';
import { secretTargets } from './targets/secrets.ts';
import { storedTargets } from './targets/stored.ts';
import { tagFileTargets } from './targets/tag-files.ts';
import { tagTargets } from './targets/tags.ts';

export const TARGETS: readonly Target[] = [
  ...frameTargets,
  ...roleTargets,
  ...primitiveTargets,
  ...proposalTargets,
  ...operatorTargets,
  ...fileTargets,
  ...storedTargets,
  ...secretTargets,
  ...databaseTargets,
  ...tagTargets,
  ...tagFileTargets,
  messages,
];

/** What can be fuzzed: everything, or by itself what takes many more cases. */
export const SUBJECTS = {
  wire: TARGETS,
  messages: [messages],
  ciphertexts: [ciphertexts],
  disk: [...storedTargets, ...secretTargets, ...databaseTargets, ...tagFileTargets],
} satisfies Record<string, readonly Target[]>;
export type Subject = keyof typeof SUBJECTS;

/** A case that takes longer has hung. */
export const HANGS_AFTER_MS = 2_000;

export type Verdict = 'refused' | 'accepted' | 'crashed';

export interface CaseResult {
  readonly number: number;
  readonly target: string;
  readonly verdict: Verdict;
  /** Of a crash: what was thrown, or how long it took. */
  readonly why: string;
  readonly wasmExceptions: number;
}

/** Which target a case is for, and its coins. */
export function caseOf(
  seed: number,
  number: number,
  targets: readonly Target[] = TARGETS,
): { target: Target; word: Word } {
  const digest = createHash('sha256').update(`fuzz ${seed} ${number}`).digest();
  const word = wordsFrom(digest.readUInt32LE());
  const sum = targets.reduce((total, { weight }) => total + weight, 0);
  return { target: targetAt(targets, digest.readUInt32LE(4) % sum), word };
}

/** Targets laid side by side, each as wide as its weight. */
function targetAt(targets: readonly Target[], place: number): Target {
  let left = place;
  for (const target of targets) {
    left -= target.weight;
    if (left < 0) return target;
  }
  throw new RangeError('beyond the last target');
}

export class Runner {
  readonly #prepared = new Map<Target, Promise<Case>>();
  readonly #seed: number;
  readonly #targets: readonly Target[];

  constructor(seed: number, subject: Subject = 'wire') {
    this.#seed = seed;
    this.#targets = SUBJECTS[subject];
  }

  /** Makes honest material of all targets: not a part of any case's time. */
  async prepare(): Promise<void> {
    for (const target of this.#targets) await this.#prepare(target);
  }

  async run(number: number): Promise<CaseResult> {
    const { target, word } = caseOf(this.#seed, number, this.#targets);
    const play = await this.#prepare(target);
    const before = sealExceptions();
    const since = process.cpuUsage();
    const started = performance.now();
    const { verdict, why } = await this.#outcome(play, word);
    const { user, system } = process.cpuUsage(since);
    const result = { number, target: target.name, wasmExceptions: sealExceptions() - before };
    // On a busy machine a case may wait long for its turn without having hung.
    const tookMs = Math.min(performance.now() - started, (user + system) / 1000);
    if (tookMs <= HANGS_AFTER_MS) return { ...result, verdict, why };
    return { ...result, verdict: 'crashed', why: `took ${Math.round(tookMs)} ms` };
  }

  async #outcome(play: Case, word: Word): Promise<{ verdict: Verdict; why: string }> {
    try {
      return { verdict: await play(word), why: '' };
    } catch (thrown) {
      const { code } = asSottoError(thrown);
      if (code !== 'internal') return { verdict: 'refused', why: code };
      const cause = thrown instanceof Error ? (thrown.cause ?? thrown) : thrown;
      const stack = cause instanceof Error ? cause.stack : undefined;
      return { verdict: 'crashed', why: stack ?? String(cause) };
    }
  }

  #prepare(target: Target): Promise<Case> {
    const known = this.#prepared.get(target);
    if (known !== undefined) return known;
    const made = target.prepare();
    this.#prepared.set(target, made);
    return made;
  }
}
