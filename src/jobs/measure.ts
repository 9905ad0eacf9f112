/**
 * The job "measure": how many of each cohort converted, with what values. The result is released by both gates, is the
 * same when the same is asked again, and is signed by both.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { type Bytes, concat, equalBytes, lengthPrefixed } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import {
  MeasureAnswerMessageSchema,
  type MeasureResult,
  MeasureResultSchema,
  MeasureRowsMessageSchema,
  MeasureSpecSchema,
} from '../gen/sotto/job/v1/measure_pb.ts';
import { activeMeasure, type MeasuredCohort, passiveMeasure } from '../protocols/measure/index.ts';
import type { Run } from '../protocols/party.ts';
import { otherRole, participant } from './fields.ts';
import { readConverted, readExposed, termsOfMeasure } from './measure-input.ts';
import { measuredFiles } from './measured.ts';
import type { Question, Recalled } from './release.ts';
import { at, type JobContext, type JobRole, type Outcome, stretch } from './role.ts';
import { type Settled, SIGNATURE_BYTES, settle } from './settlement.ts';
import type { Codec } from './steps.ts';
import { measureSpec } from './terms/measure.ts';

const READ = 0.05;
const MEASURED = 0.97;
const NAME_BYTES = 16;
/** 256 cohorts with names of 200 characters and 17 numbers. */
const ANSWER_BYTES = 256 * (4 * 200 + 17 * 10 + 32);

/** What both hold at the end: the result's bytes, and who signed them. */
interface Settlement {
  readonly bytes: Bytes;
  readonly signatures: Settled;
}

/**
 * One step: until both have it, it is repeated, and then the same question is answered as before by
 * whoever has released its result.
 */
const measureJob = (role: (context: JobContext) => Run<Settlement>): JobRole =>
  async function* (context): Run<Outcome> {
    const settlement = yield* context.steps.once('measure', SETTLED, () => role(context));
    return measuredFiles(context, parseResult(context, settlement.bytes), settlement);
  };

const SETTLED: Codec<Settlement> = {
  encode: ({ bytes, signatures: { own, peer } }) => concat(own, peer, bytes),
  decode: (state) => ({
    bytes: state.slice(2 * SIGNATURE_BYTES),
    signatures: {
      own: state.slice(0, SIGNATURE_BYTES),
      peer: state.slice(SIGNATURE_BYTES, 2 * SIGNATURE_BYTES),
    },
  }),
};

export const passiveMeasureJob = measureJob(async function* (context) {
  yield at('read ids', 0);
  const { ids, cohorts } = await readExposed(context);
  const spec = measureSpec(context.agreement.spec!);
  const idsOf = (rows: Uint32Array): string[] => Array.from(rows, (row) => ids[row]!);
  const rows = cohorts.flatMap((cohort, g) => idsOf(cohort).map((id) => JSON.stringify([g, id])));
  const told = cohorts.filter((cohort) => cohort.length >= spec.least);
  if (told.length === 0)
    throw tooFew('cohorts', Math.max(...cohorts.map((c) => c.length)), spec.least);
  const question = await ask(context, rows, told.map(idsOf), spec.epsilon);
  return yield* answer(context, question, (terms) =>
    passiveMeasure(context.party, { terms, ids, cohorts, noise: context.party.random }),
  );
});

export const activeMeasureJob = measureJob(async function* (context) {
  yield at('read ids', 0);
  const { ids, columns } = await readConverted(context);
  const spec = measureSpec(context.agreement.spec!);
  if (ids.length < spec.least) throw tooFew('rows', ids.length, spec.least);
  const rows = ids.map((id, row) => JSON.stringify([id, ...columns.map((column) => column[row]!)]));
  const question = await ask(context, rows, [ids], spec.epsilon + spec.matchEpsilon);
  return yield* answer(context, question, (terms) =>
    activeMeasure(context.party, { terms, ids, columns, noise: context.party.random }),
  );
});

const tooFew = (what: string, found: number, least: number): SottoError =>
  new SottoError('invalid-argument', `too few ${what} to be measured`, {
    field: 'spec.measure.least',
    found,
    least,
  });

/** The question of both: the agreed terms, and whether it is asked of the same rows as before. */
async function ask(
  { party, gate, agreement, own, peer, role }: JobContext,
  rows: readonly string[],
  sets: readonly (readonly string[])[],
  epsilon: number,
): Promise<Question> {
  const spec = agreement.spec!;
  const name = gate.nameOf(peer, rows);
  await party.channel.send(MeasureRowsMessageSchema, { name });
  const heard = await party.channel.receive(MeasureRowsMessageSchema, NAME_BYTES + 16);
  if (heard.name.length !== NAME_BYTES) {
    throw new SottoError('protocol-violation', 'a name of rows is of another length', {
      expected: NAME_BYTES,
      received: heard.name.length,
    });
  }
  const terms = toBinary(MeasureSpecSchema, measureSpec(spec));
  const theirs = participant(spec, otherRole(role)).dataset;
  const label = JSON.stringify([spec.active!.label?.column, spec.active!.label?.positive]);
  return {
    peer,
    dataset: own.dataset,
    kind: `measure as ${role}`,
    job: agreement.jobId,
    question: lengthPrefixed(terms, theirs, label, name, heard.name),
    sets,
    cost: { epsilon },
    least: measureSpec(spec).least,
  };
}

/** What a result cost was debited when it was made, for its attempt: to remember it costs nothing. */
const remembered = (question: Question): Question => ({ ...question, cost: {} });

type Measuring = (terms: ReturnType<typeof termsOfMeasure>) => Run<readonly MeasuredCohort[]>;

async function* answer(
  context: JobContext,
  question: Question,
  measuring: Measuring,
): Run<Settlement> {
  const recalled = context.gate.recall(question);
  const theirs = await exchangeAnswers(context, recalled);
  const made = recalled.answer ?? theirs ?? (yield* measured(context, question, measuring));
  const result = await context.gate.release(remembered(question), () => made);
  yield at('settle', MEASURED);
  const signatures = await settle(context, result);
  return { bytes: result, signatures };
}

/**
 * A new result. Each attempt that gives anything is debited, and draws noise anew: noise that came again would show the
 * difference between two lists that a peer calls the same.
 */
async function* measured(
  context: JobContext,
  question: Question,
  measuring: Measuring,
): Run<Bytes> {
  const { gate, agreement, attempt } = context;
  const session = lengthPrefixed('sotto measure', agreement.seed, agreement.jobId, `${attempt}`);
  const once = { ...question, question: lengthPrefixed(question.question, session) };
  gate.check(once);
  const run = measuring(termsOfMeasure(context, session));
  const questions = { once, always: remembered(question) };
  return yield* stretch(released(context, questions, run), READ, MEASURED);
}

/**
 * The result that was given to this question before, where the peer holds one; both must hold the same. A party that
 * lost power before it kept a result believes its peer, but only about what it has debited: without its part there is
 * no result.
 */
async function exchangeAnswers(
  context: JobContext,
  { debited, answer: known }: Recalled,
): Promise<Bytes | undefined> {
  const { channel } = context.party;
  await channel.send(MeasureAnswerMessageSchema, { result: known ?? new Uint8Array(0) });
  const { result } = await channel.receive(MeasureAnswerMessageSchema, ANSWER_BYTES);
  if (result.length === 0) return undefined;
  if (known !== undefined && !equalBytes(known, result)) {
    throw new SottoError('verification-failed', 'the parties remember different results', {});
  }
  const heard = Uint8Array.from(result);
  parseResult(context, heard);
  if (!debited) {
    const message = 'the peer remembers a result of a question that was never measured here';
    throw new SottoError('verification-failed', message, {});
  }
  return heard;
}

/** Drives the protocol; from its release on through the gate, which debits before anything is given. */
async function* released(
  context: JobContext,
  { once, always }: { readonly once: Question; readonly always: Question },
  run: Run<readonly MeasuredCohort[]>,
): Run<Bytes> {
  const begun = Promise.withResolvers<void>();
  const made = Promise.withResolvers<Bytes>();
  made.promise.catch(() => {}); // looked at by the gate, if it got so far
  let answered: Promise<Bytes> | undefined;
  try {
    for (;;) {
      const step = await run.next();
      if (step.done === true) {
        made.resolve(resultOf(context, step.value));
        break;
      }
      if (step.value.phase === 'release') {
        answered = context.gate.release(once, () => {
          context.gate.debit(always); // from now on the peer may hold a result
          begun.resolve();
          return made.promise;
        });
        await Promise.race([begun.promise, answered]);
      }
      yield step.value;
    }
  } catch (thrown) {
    made.reject(thrown);
    await answered?.catch(() => {});
    throw thrown;
  } finally {
    made.reject(new SottoError('cancelled', 'the measurement has ended')); // or nobody would ever settle it
  }
  if (answered === undefined) throw new SottoError('internal', 'a result without a debit');
  return await answered;
}

function resultOf({ agreement }: JobContext, table: readonly MeasuredCohort[]): Bytes {
  const { cohorts } = measureSpec(agreement.spec!);
  const result = create(MeasureResultSchema, {
    cohorts: table.map(({ exposed, sums }, g) => ({
      name: cohorts[g]!.name,
      exposed: exposed ?? 0,
      sums: (sums ?? []).map((sum) => BigInt(sum)),
    })),
  });
  return Uint8Array.from(toBinary(MeasureResultSchema, result));
}

/** A result of the agreed cohorts and metrics, in its one encoding. */
function parseResult({ agreement }: JobContext, bytes: Uint8Array): MeasureResult {
  const { cohorts, metrics } = measureSpec(agreement.spec!);
  const refused = (cause?: unknown): SottoError =>
    new SottoError('protocol-violation', 'not a result of this question', {}, { cause });
  let result: MeasureResult;
  try {
    result = fromBinary(MeasureResultSchema, bytes, { readUnknownFields: false });
  } catch (thrown) {
    throw refused(thrown);
  }
  const fits = result.cohorts.every(
    ({ name, sums }, g) =>
      name === cohorts[g]?.name && (sums.length === 0 || sums.length === 1 + 2 * metrics.length),
  );
  const canonical = equalBytes(toBinary(MeasureResultSchema, result), bytes);
  if (result.cohorts.length !== cohorts.length || !fits || !canonical) throw refused();
  return result;
}
