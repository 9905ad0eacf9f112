/** The terms of "count": how many rows both have, for each pair of segments. */
import { create } from '@bufbuild/protobuf';
import { SottoError } from '../../base/errors.ts';
import type { JobSpec } from '../../gen/sotto/job/v1/agreement_pb.ts';
import { type CountSpec, CountSpecSchema, type Segment } from '../../gen/sotto/job/v1/sets_pb.ts';
import {
  checkCondition,
  checkName,
  defaultTo,
  inRange,
  invalidField,
  type Role,
} from '../fields.ts';
import { alignEstimate } from './align.ts';
import { LEAST_ROWS, MOST_LEAST_ROWS } from './least-rows.ts';
import { CHOSEN_ROWS, type Terms } from './terms.ts';

/** As many numbers as a table that a person reads. */
const MOST_SEGMENTS = 20;

export const countTerms: Terms = {
  parts: { active: CHOSEN_ROWS, passive: CHOSEN_ROWS },
  normalise: (spec) => {
    const { active, passive, floor, epsilon, exact } = countSpec(spec);
    for (const role of ['active', 'passive'] as const) checkSegments(spec, role);
    if (exact && epsilon !== 0) {
      throw invalidField('spec.count.epsilon', 'must be empty where numbers are exact');
    }
    const value = create(CountSpecSchema, {
      active,
      passive,
      floor: inRange('spec.count.floor', defaultTo(floor, LEAST_ROWS), LEAST_ROWS, MOST_LEAST_ROWS),
      epsilon: exact ? 0 : inRange('spec.count.epsilon', defaultTo(epsilon, 0.5), 0.01, 5),
      exact,
    });
    spec.protocol = { case: 'count', value };
  },
  wording: (spec) => {
    const { epsilon, exact, floor } = countSpec(spec);
    const noise = exact
      ? 'exactly'
      : `with discrete Laplace noise of scale 1 / ${epsilon} from either party`;
    return {
      both: [
        'how many rows each segment of the other party has, as a class of sizes where a condition chose them',
        'whether the segments have the same rows as in an earlier job',
        `for each pair of segments, how many rows both have: ${noise}, and suppressed below ${floor}`,
      ],
      active: [
        exact
          ? 'these numbers also where they are suppressed, though its worker shows none'
          : "these numbers with the passive party's noise alone, though its worker shows none",
      ],
      passive: exact ? [] : ["these numbers with the active party's noise alone"],
    };
  },
  minRows: (spec) => countSpec(spec).floor,
  estimate: (spec, sizes) => {
    const one = alignEstimate(sizes);
    const { active, passive } = countSpec(spec);
    const pairs = Math.max(1, active.length) * Math.max(1, passive.length);
    return { ...one, bytes: pairs * one.bytes, seconds: pairs * one.seconds };
  },
};

function checkSegments(spec: JobSpec, role: Role): void {
  const segments = countSpec(spec)[role];
  const path = `spec.count.${role}`;
  inRange(path, segments.length, 0, MOST_SEGMENTS);
  const names = new Set<string>();
  for (const [index, { name, where }] of segments.entries()) {
    checkName(`${path}[${index}].name`, name);
    if (names.has(name)) throw invalidField(`${path}[${index}].name`, 'is named twice');
    names.add(name);
    if (where !== '') checkCondition(`${path}[${index}].where`, where);
  }
}

/** The segments of a party: all its rows, if none are named. */
export function segmentsOf(
  spec: Pick<JobSpec, 'protocol'>,
  role: Role,
): Pick<Segment, 'name' | 'where'>[] {
  const segments = countSpec(spec)[role];
  return segments.length > 0 ? segments : [{ name: 'all', where: '' }];
}

export function countSpec({ protocol }: Pick<JobSpec, 'protocol'>): CountSpec {
  if (protocol.case !== 'count') throw new SottoError('internal', 'not a count');
  return protocol.value;
}
