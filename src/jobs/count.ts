/** The job "count": how many rows both have, for each pair of segments. */
import { SottoError } from '../base/errors.ts';
import type { Run } from '../protocols/party.ts';
import { type CountResult, countAsker, countComparer } from '../protocols/sets/index.ts';
import { csv } from './align.ts';
import { otherRole } from './fields.ts';
import { inOneStep } from './kept.ts';
import { bothOf, listOf, questionOf, readRows, sessionOf } from './own-rows.ts';
import { at, type JobContext, type JobRole, type Outcome, stretch } from './role.ts';
import { countSpec, segmentsOf } from './terms/count.ts';

const READ = 0.05;
const COUNTED = 0.98;

/** Leaves `counts.csv`, which is the same at both parties. */
const countJob = (role: typeof countComparer | typeof countAsker): JobRole =>
  inOneStep('count', async function* (context): Run<Outcome> {
    const spec = context.agreement.spec!;
    const { floor, epsilon, exact } = countSpec(spec);
    const segments = segmentsOf(spec, context.role);
    const peerLists = segmentsOf(spec, otherRole(context.role)).length;
    yield at('read ids', 0);
    const conditions = segments.map(({ where }) => bothOf(context.own.where, where));
    const chosen = await readRows(context, conditions);
    requireRows(
      segments,
      chosen.map(({ rows }) => rows.length),
      floor,
    );
    const numbers = segments.length * peerLists;
    const cost = exact ? { exact: numbers } : { epsilon: numbers * epsilon };
    yield at('count', READ);
    const run = role(context.party, {
      lists: chosen.map((rows, index) =>
        listOf(context, rows, conditions[index] === '' ? 'exact' : 'class'),
      ),
      peerLists,
      session: sessionOf(context),
      maxRows: Number(context.agreement.maxRows),
      floor,
      epsilon: exact ? undefined : epsilon,
      release: ({ names }, draw) =>
        context.gate.release(questionOf(context, chosen, { peerNames: names, cost }), draw),
    });
    return outcome(context, yield* stretch(run, READ, COUNTED));
  });

export const activeCountJob = countJob(countComparer);
export const passiveCountJob = countJob(countAsker);

/** Before the gate, so that the segment is named. */
function requireRows(
  segments: readonly { readonly name: string }[],
  sizes: readonly number[],
  floor: number,
): void {
  for (const [index, found] of sizes.entries()) {
    if (found >= floor) continue;
    throw new SottoError('budget-exhausted', 'a segment has fewer rows than may be counted', {
      segment: segments[index]!.name,
      found,
      least: floor,
    });
  }
}

function outcome({ agreement }: JobContext, { counts, standardDeviation }: CountResult): Outcome {
  const spec = agreement.spec!;
  const { floor, epsilon, exact } = countSpec(spec);
  const passive = segmentsOf(spec, 'passive');
  const table = segmentsOf(spec, 'active').flatMap((active, line) =>
    passive.map(({ name }, column) => {
      const count = counts[line * passive.length + column] ?? null;
      return { active: active.name, passive: name, count };
    }),
  );
  const header = ['active', 'passive', 'count'] as const;
  const columns = header.map((name) => table.map((row) => row[name] ?? `below ${floor}`));
  return {
    result: { counts: table, standardDeviation, floor },
    parameters: { group: 'ristretto255', ...(exact ? { exact } : { epsilon }) },
    artifacts: { 'counts.csv': csv(header, columns) },
  };
}
