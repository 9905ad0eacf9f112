/**
 * Goal: whatever a party says of its rows or of an earlier result, both parties end alike, and the other's budget is debited
 * for what was measured, once.
 * Method: two workers in one process; one plays its role honestly but for one message. Groups in which logarithms are easy.
 */
import type { DescMessage } from '@bufbuild/protobuf';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { afterEach, describe, expect, test } from 'vitest';
import { concat } from '../../src/base/bytes.ts';
import { inlineCompute } from '../../src/compute/inline.ts';
import {
  MeasureAnswerMessageSchema,
  type MeasureResult,
  MeasureResultSchema,
  MeasureRowsMessageSchema,
} from '../../src/gen/sotto/job/v1/measure_pb.ts';
import { catalogue } from '../../src/jobs/catalogue.ts';
import type { Role } from '../../src/jobs/fields.ts';
import type { JobRole } from '../../src/jobs/role.ts';
import { type Lie, lying } from '../support/cheat.ts';
import { campaign, measureJob, spent } from '../support/measured.ts';
import { toyGroup } from '../support/toy-group.ts';
import { type Name, openPair, type Pair, reaches } from '../support/workers.ts';

const given = campaign(['control', 'letter'], 110);
const cohorts = [{ name: 'control' }, { name: 'letter', control: 'control' }];
const CHEATS: readonly (readonly [Role, Name, Name])[] = [
  ['active', 'bank', 'telco'],
  ['passive', 'telco', 'bank'],
];

/** The roles as they are, which a lie takes the place of for a while. */
const roles = catalogue.measure as Record<Role, JobRole>;
const honest = { ...roles };
afterEach(() => void Object.assign(roles, honest));

function lies<D extends DescMessage>(role: Role, schema: D, lie: Lie<D>): void {
  roles[role] = (context) => honest[role]({ ...context, party: lying(context.party, schema, lie) });
}

function openCampaign(): Promise<Pair> {
  const compute = inlineCompute(toyGroup);
  const files = { 'loans.csv': given.converted, 'calls.csv': given.exposed };
  return openPair({ bank: { compute, files }, telco: { compute } });
}

async function measures(pair: Pair) {
  const { id } = await pair.bank.submit(measureJob({ cohorts, epsilon: 4 }), '', 'ada');
  const [bank, telco] = [await reaches(pair.bank, id), await reaches(pair.telco, id)];
  return { codes: [bank.error?.code ?? '', telco.error?.code ?? ''], result: bank.result };
}

/** A result of this question that nobody measured. */
const INVENTED: MeasureResult = create(MeasureResultSchema, {
  cohorts: cohorts.map(({ name }) => ({ name, exposed: 110, sums: [90n, 4n, 2n] })),
});
const bytesOf = (result: MeasureResult) => toBinary(MeasureResultSchema, result);

describe.each(CHEATS)('a lying %s party', (role, _liar, _other) => {
  test.each([
    ['of no length', new Uint8Array(0)],
    ['that is short', new Uint8Array(15)],
    ['that is long', new Uint8Array(17)],
    ['that is far too long', new Uint8Array(1_000)],
  ])('cannot name its rows by a name %s', async (_, name) => {
    await using pair = await openCampaign();
    lies(role, MeasureRowsMessageSchema, () => [{ name }]);
    expect((await measures(pair)).codes).toEqual(['protocol-violation', 'protocol-violation']);
    expect(await spent(pair)).toEqual([0, 0]);
  });

  test('that calls the same rows by another name is not believed what it remembers of them', async () => {
    await using pair = await openCampaign();
    const first = await measures(pair);
    const once = await spent(pair);
    lies(role, MeasureRowsMessageSchema, () => [{ name: new Uint8Array(16).fill(7) }]);
    expect((await measures(pair)).codes).toEqual(['verification-failed', 'verification-failed']);
    Object.assign(roles, honest);
    expect(await measures(pair)).toEqual(first);
    expect(await spent(pair)).toEqual(once);
  });

  test.each<[string, (result: MeasureResult) => Uint8Array]>([
    ['is no message', () => new Uint8Array(3).fill(255)],
    [
      'has a cohort too few',
      ({ cohorts: [first] }) => bytesOf(create(MeasureResultSchema, { cohorts: [first!] })),
    ],
    [
      'has a cohort too many',
      (result) => bytesOf({ ...result, cohorts: [...result.cohorts, result.cohorts[0]!] }),
    ],
    [
      'has cohorts of other names',
      (result) => bytesOf({ ...result, cohorts: result.cohorts.toReversed() }),
    ],
    [
      'has a sum too few',
      (result) =>
        bytesOf({
          ...result,
          cohorts: result.cohorts.map((each) => ({ ...each, sums: [1n, 2n] })),
        }),
    ],
    ['is in another encoding', (result) => concat(bytesOf(result), Uint8Array.of(0x38, 1))],
    ['is longer than any', () => new Uint8Array(1_000_000)],
  ])('cannot remember a result that %s', async (_, said) => {
    await using pair = await openCampaign();
    lies(role, MeasureAnswerMessageSchema, () => [{ result: said(INVENTED) }]);
    expect((await measures(pair)).codes).toEqual(['protocol-violation', 'protocol-violation']);
    expect(await spent(pair)).toEqual([0, 0]);
  });

  test('cannot remember a result of what was never measured', async () => {
    await using pair = await openCampaign();
    lies(role, MeasureAnswerMessageSchema, () => [{ result: bytesOf(INVENTED) }]);
    expect((await measures(pair)).codes).toEqual(['verification-failed', 'verification-failed']);
    expect(await spent(pair)).toEqual([0, 0]);
    Object.assign(roles, honest);
    expect((await measures(pair)).codes).toEqual(['', '']);
  });

  test('cannot change a result that both hold, and neither pays for the attempt', async () => {
    await using pair = await openCampaign();
    const first = await measures(pair);
    const once = await spent(pair);
    lies(role, MeasureAnswerMessageSchema, ({ result }) => {
      const changed = fromBinary(MeasureResultSchema, result!);
      changed.cohorts[0]!.exposed += 1;
      return [{ result: bytesOf(changed) }];
    });
    expect((await measures(pair)).codes).toEqual(['verification-failed', 'verification-failed']);
    Object.assign(roles, honest);
    expect(await measures(pair)).toEqual(first);
    expect(await spent(pair)).toEqual(once);
  });

  test('that says it has forgotten is told the same result again, for nothing', async () => {
    await using pair = await openCampaign();
    const first = await measures(pair);
    const once = await spent(pair);
    lies(role, MeasureAnswerMessageSchema, () => [{ result: new Uint8Array(0) }]);
    expect(await measures(pair)).toEqual(first);
    expect(await spent(pair)).toEqual(once);
  });
});
