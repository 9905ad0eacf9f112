/** The job "exclude": deliver to an audience without the people whom the other party has already. */
import { SottoError } from '../base/errors.ts';
import type { Run } from '../protocols/party.ts';
import { excludeAsker, excludeComparer, type PeerLists } from '../protocols/sets/index.ts';
import { csv } from './align.ts';
import { inOneStep } from './kept.ts';
import { type ChosenRows, listOf, questionOf, readRows, sessionOf } from './own-rows.ts';
import { at, type JobContext, type Outcome, stretch } from './role.ts';
import { excludeSpec } from './terms/exclude.ts';

const READ = 0.05;
const ANSWERED = 0.95;

/**
 * The party that compares. It records how many people are held out: of those withheld they alone can
 * become its customers by themselves, so that they are the control group of the campaign.
 */
export const activeExcludeJob = inOneStep('exclude', async function* (context): Run<Outcome> {
  const { chosen, input } = yield* prepare(context, 'class');
  const { minRows } = excludeSpec(context.agreement.spec!);
  const question = ({ names, sizes }: PeerLists) =>
    questionOf(context, [chosen], { peerNames: names, cost: { rows: sizes[0]! } });
  const run = excludeComparer(context.party, {
    ...input,
    check: (peer) => {
      requireAudience(peer.sizes[0]!, minRows);
      context.gate.check(question(peer));
    },
    release: (peer, draw) => context.gate.release(question(peer), draw),
  });
  const { asked, overlap, heldOut } = yield* stretch(run, READ, ANSWERED);
  return {
    result: {
      rows: chosen.rows.length,
      audience: asked,
      overlap,
      heldOut,
      certainty: overlap / Math.max(1, overlap + heldOut),
    },
    parameters: parametersOf(context),
    artifacts: {},
  };
});

/** The party that delivers. Leaves `deliver.csv` and `withheld.csv`, with the audience's own columns. */
export const passiveExcludeJob = inOneStep('exclude', async function* (context): Run<Outcome> {
  const { chosen, input } = yield* prepare(context, 'exact');
  const run = excludeAsker(context.party, {
    ...input,
    admit: async ({ names }) => {
      const question = questionOf(context, [chosen], { peerNames: names, cost: { exact: 1 } });
      await context.gate.release(question, () => new Uint8Array(0));
      return context.gate.seedOf(context.peer, question.question);
    },
  });
  const { withheld, peerRows } = yield* stretch(run, READ, ANSWERED);
  yield at('write', ANSWERED);
  const rowsWith = (flag: number): Uint32Array =>
    chosen.rows.filter((_, index) => withheld[index] === flag);
  const [deliver, leave] = [rowsWith(0), rowsWith(1)];
  return {
    result: {
      audience: chosen.rows.length,
      delivered: deliver.length,
      withheld: leave.length,
      peerRows,
    },
    parameters: parametersOf(context),
    artifacts: {
      'deliver.csv': await recordsOf(context, deliver),
      'withheld.csv': await recordsOf(context, leave),
    },
  };
});

/** An audience's size is public; the size of what a condition chose among customers is not. */
async function* prepare(context: JobContext, size: 'exact' | 'class') {
  yield at('read ids', 0);
  const { where } = context.own;
  const [chosen] = (await readRows(context, [where])) as [ChosenRows];
  const { holdout, maxCertainty } = excludeSpec(context.agreement.spec!);
  yield at('compare', READ);
  const input = {
    list: listOf(context, chosen, where === '' ? 'exact' : size),
    session: sessionOf(context),
    maxRows: Number(context.agreement.maxRows),
    terms: { holdout, maxCertainty },
  };
  return { chosen, input };
}

/** By the name that the audience's own gate refuses it by: whichever party is first, both fail alike. */
function requireAudience(rows: number, least: number): void {
  if (rows >= least) return;
  throw new SottoError('budget-exhausted', 'the audience has fewer rows than were agreed on', {
    found: rows,
    least,
  });
}

async function recordsOf({ tables, own, party }: JobContext, rows: Uint32Array) {
  await using table = await tables.open(own.dataset);
  const names = [...table.types.keys()];
  const columns = await table.texts(names, rows, { signal: party.signal });
  return csv(
    names,
    columns.map((texts) => texts.map((text) => text ?? '')),
  );
}

const parametersOf = ({ agreement }: JobContext) => {
  const { holdout } = excludeSpec(agreement.spec!);
  return { group: 'ristretto255', holdout };
};
