/** Fingerprints come back in their own order: a place says nothing of which id it belongs to. */
import { expect, test } from 'vitest';
import { inlineCompute } from '../../../src/compute/inline.ts';
import { AlignFingerprintsSchema } from '../../../src/gen/sotto/protocol/v1/psi_pb.ts';
import { dummiesPerCohort } from '../../../src/protocols/measure/dummies.ts';
import { measureTerms, measureTogether } from '../../support/measure-stage.ts';
import { toyGroup } from '../../support/toy-group.ts';

test("each cohort's fingerprints are in ascending order", async () => {
  const cohorts = [0, 1].map((g) => Array.from({ length: 30 }, (_, i) => `${g} ${i}`));
  const terms = measureTerms();
  const [passive] = await measureTogether(
    { terms, cohorts, converters: cohorts.flat(), values: [cohorts.flat().map(() => 1)] },
    { computes: [inlineCompute(toyGroup), inlineCompute(toyGroup)] },
  );
  const [{ fingerprints } = { fingerprints: new Uint8Array(0) }] =
    passive.view.heard(AlignFingerprintsSchema);
  const elements = 30 + dummiesPerCohort(terms);
  const width = fingerprints.length / (2 * elements);
  const listed = Array.from({ length: 2 * elements }, (_, i) =>
    Buffer.from(fingerprints.subarray(i * width, (i + 1) * width)),
  );
  for (const cohort of [listed.slice(0, elements), listed.slice(elements)]) {
    expect(cohort).toEqual(cohort.toSorted(Buffer.compare));
  }
});
