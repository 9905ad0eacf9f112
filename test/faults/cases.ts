/** Where jobs are disturbed: around every step of every protocol, and around what a gate releases. */
import { GATE_MOMENTS, MOMENTS, type Moment } from './injected.ts';
import { PARTIES } from './sides.ts';
import type { Party } from './worker.ts';

export const PROTOCOLS = [
  'align',
  'exclude',
  'select',
  'count',
  'measure',
  'predict',
  'train',
  'train encrypted',
] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** A training is aligned, set up, passes, keeps all of them, opens, scores, and is finished. */
export const PASSES = 5;
export const STEPS: Readonly<Record<Protocol, number>> = {
  align: 2,
  exclude: 2,
  select: 2,
  count: 2,
  measure: 2,
  predict: 3,
  train: PASSES + 6,
  'train encrypted': PASSES + 6,
};

export const FAULTS = ['SIGKILL', 'SIGTERM', 'SIGSTOP'] as const;
export type Fault = (typeof FAULTS)[number];

export interface Case {
  readonly fault: Fault;
  readonly protocol: Protocol;
  readonly moment: Moment;
  readonly step: number;
  readonly sides: readonly Party[];
  readonly proposer: Party;
}

const SIDES: readonly (readonly Party[])[] = [['bank'], ['telco'], PARTIES];

/** Every point of a protocol under a fault, the proposer by turns. */
export function casesOf(fault: Fault, protocol: Protocol): Case[] {
  const last = STEPS[protocol];
  const cases: Case[] = [];
  for (let step = 1; step <= last; step++) {
    for (const moment of MOMENTS) {
      for (const sides of SIDES) {
        const proposer = PARTIES[(step + cases.length) % 2]!;
        const one = { fault, protocol, moment, step, sides, proposer };
        if (step < last || isReached(one)) cases.push(one);
      }
    }
  }
  return fault === 'SIGKILL' && GATED.has(protocol) ? [...cases, ...gateCasesOf(protocol)] : cases;
}

/** Jobs whose answers a gate debits, remembers and gives. */
const GATED: ReadonlySet<Protocol> = new Set(['exclude', 'select', 'count', 'measure']);

/** Killed at the first answer of a gate: between its debit and it, and between it and whoever is given it. */
function gateCasesOf(protocol: Protocol): Case[] {
  return GATE_MOMENTS.flatMap((moment, m) =>
    SIDES.map((sides, s) => ({
      fault: 'SIGKILL' as const,
      protocol,
      moment,
      step: 1,
      sides,
      proposer: PARTIES[(m + s) % 2]!,
    })),
  );
}

/** Behind the last step there is one word left, which the responder says. */
function isReached({ moment, sides, proposer }: Case): boolean {
  if (moment === 'after send') return sides.length === 1 && sides[0] !== proposer;
  return moment !== 'after ack';
}
