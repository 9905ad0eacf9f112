/**
 * `npm run attack -- differencing [--json] [--histories n]`: asks one worker's release gate about many
 * sets of rows, most of them made to differ from an earlier one in few rows, as one does who wants to
 * know about a single row by the difference of two answers. Two peers ask in turn and compare notes.
 *
 * Nothing is made up but the rows: the gate, its ledger and its file are those of a worker. Counted is
 * the least difference between any two sets of one dataset that were answered.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { lengthPrefixed } from '../../../src/base/bytes.ts';
import { asSottoError } from '../../../src/base/errors.ts';
import { type Random, uniformBelow } from '../../../src/base/random.ts';
import { freshKey, Vault } from '../../../src/base/sealed.ts';
import { ReleaseGate } from '../../../src/jobs/release.ts';
import { RowNames } from '../../../src/jobs/row-sets.ts';
import { openState } from '../../../src/jobs/state.ts';
import { systemRandom } from '../../../src/jobs/system.ts';
import { auditIn } from '../../support/audit.ts';
import { seededRandom } from '../../support/random.ts';

export const THRESHOLD = 50;
const ROWS = 400;
const QUESTIONS = 40;
const PEERS = ['telco', 'airline'];

export interface Verdict {
  readonly histories: number;
  readonly released: number;
  readonly refused: number;
  /** Rows; of all pairs of unlike sets that were answered. */
  readonly minDifference: number;
}

type Rows = ReadonlySet<number>;

export async function attack(histories: number): Promise<Verdict> {
  let [released, refused, minDifference] = [0, 0, Number.POSITIVE_INFINITY];
  for (let history = 0; history < histories; history++) {
    const answered = await oneHistory(seededRandom(`history ${history}`));
    released += answered.length;
    refused += QUESTIONS - answered.length;
    for (const [i, one] of answered.entries()) {
      for (const other of answered.slice(0, i)) {
        const differing = differenceOf(one, other);
        if (differing > 0) minDifference = Math.min(minDifference, differing);
      }
    }
  }
  return { histories, released, refused, minDifference };
}

/** The sets that were answered. */
async function oneHistory(coins: Random): Promise<Rows[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-differencing-'));
  using vault = new Vault(freshKey());
  const database = openState(folder);
  try {
    const names = new RowNames(database, systemRandom, vault);
    const budget = { epsilon: 1e9, exact: 1e9, rows: 1e9 };
    const gate = new ReleaseGate(database, names, vault, () => budget, auditIn(folder));
    const answered: Rows[] = [];
    for (let index = 0; index < QUESTIONS; index++) {
      const rows = nextSet(answered, coins);
      const question = {
        peer: PEERS[uniformBelow(coins, 2)]!,
        dataset: 'customers',
        kind: 'count',
        job: `job ${index}`,
        question: lengthPrefixed(String(uniformBelow(coins, 4))),
        sets: [Array.from(rows, (row) => `customer ${row}`)],
        cost: { exact: 1 },
        least: THRESHOLD,
      };
      if (await isReleased(gate, question)) answered.push(rows);
    }
    return answered;
  } finally {
    database.close();
    rmSync(folder, { recursive: true });
  }
}

async function isReleased(
  gate: ReleaseGate,
  question: Parameters<ReleaseGate['release']>[0],
): Promise<boolean> {
  try {
    await gate.release(question, () => new Uint8Array(8));
    return true;
  } catch (thrown) {
    if (asSottoError(thrown).code === 'budget-exhausted') return false;
    throw thrown;
  }
}

/** One in three at random; else one of before with 1 to 120 rows put in or taken out. */
function nextSet(answered: readonly Rows[], coins: Random): Set<number> {
  const before = answered[uniformBelow(coins, Math.max(1, answered.length))];
  if (before === undefined || uniformBelow(coins, 3) === 0) {
    const share = 1 + uniformBelow(coins, 9);
    return new Set(range().filter(() => uniformBelow(coins, 10) < share));
  }
  const rows = new Set(before);
  for (let change = 1 + uniformBelow(coins, 120); change > 0; change--) {
    const row = uniformBelow(coins, ROWS);
    if (!rows.delete(row)) rows.add(row);
  }
  return rows;
}

function differenceOf(one: Rows, other: Rows): number {
  const common = [...one].filter((row) => other.has(row)).length;
  return one.size + other.size - 2 * common;
}

const range = (): number[] => Array.from({ length: ROWS }, (_, row) => row);

/** With the arguments after the attack's name; exit code 1 where two answers were too near. */
export async function run(args: readonly string[]): Promise<void> {
  const { values: flags } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false },
      histories: { type: 'string', default: '20' },
    },
  });
  const verdict = await attack(Number(flags.histories));
  if (verdict.minDifference < THRESHOLD) process.exitCode = 1;
  if (flags.json) console.log(JSON.stringify(verdict));
  else {
    const { histories, released, refused, minDifference } = verdict;
    console.log(`${histories} histories: ${released} answers released, ${refused} refused`);
    console.log(
      `two answers differ in ${minDifference} rows or more; the threshold is ${THRESHOLD}`,
    );
  }
}
