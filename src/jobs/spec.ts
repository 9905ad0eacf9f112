/** A job as its author wrote it, brought to the one form that is agreed on: defaults filled in, every range checked. */
import { clone } from '@bufbuild/protobuf';
import {
  type ColumnUse,
  type JobSpec,
  JobSpecSchema,
  Missing,
  type Participant,
} from '../gen/sotto/job/v1/agreement_pb.ts';
import {
  checkCondition,
  checkName,
  defaultTo,
  inRange,
  invalidField,
  type ProtocolName,
  participant,
  type Role,
} from './fields.ts';
import { type Part, protocolOf, termsOf } from './terms/index.ts';

const DAY_SECONDS = 86_400;
/** As many columns as a table of this kind has in practice, and few enough to read in an approval. */
const MAX_COLUMNS = 1_000;

/** The party's role, or an error if the job is between others. */
export function roleOf(spec: JobSpec, party: string): Role {
  if (spec.active?.party === party) return 'active';
  if (spec.passive?.party === party) return 'passive';
  throw invalidField('spec.active.party', 'and spec.passive.party: neither is this party', {
    party,
  });
}

/**
 * A copy with every default filled in; a spec in this form is returned unchanged. `kind` may stay
 * unspecified: it means "as the dataset's owner types the column".
 * @throws SottoError invalid-argument with `field`, e.g. 'spec.train.passes'.
 */
export function normaliseSpec(given: JobSpec): JobSpec {
  const spec = clone(JobSpecSchema, given);
  const protocol = protocolOf(spec);
  const terms = termsOf(spec);
  checkName('spec.purpose', spec.purpose);
  spec.validForSeconds = inRange(
    'spec.valid_for_seconds',
    defaultTo(spec.validForSeconds, DAY_SECONDS),
    1,
    30 * DAY_SECONDS,
  );
  for (const role of ['active', 'passive'] as const) {
    normaliseParticipant(spec, role, { protocol, ...terms.parts[role] });
  }
  if (spec.active?.party === spec.passive?.party) {
    throw invalidField('spec.passive.party', 'is the same as spec.active.party');
  }
  terms.normalise(spec);
  return spec;
}

function normaliseParticipant(
  spec: JobSpec,
  role: Role,
  part: Part & { readonly protocol: ProtocolName },
): void {
  const side = participant(spec, role);
  const path = `spec.${role}`;
  checkName(`${path}.party`, side.party);
  checkName(`${path}.dataset`, side.dataset);
  if (part.columns === 'none' && side.columns.length > 0) {
    throw invalidField(`${path}.columns`, `must be empty in ${part.protocol}`, {
      found: side.columns.length,
    });
  }
  const least = part.columns === 'features' ? 1 : 0;
  inRange(`${path}.columns`, side.columns.length, least, MAX_COLUMNS);
  const seen = new Set<string>();
  for (const [index, column] of side.columns.entries()) {
    const at = `${path}.columns[${index}]`;
    checkName(`${at}.name`, column.name);
    if (seen.has(column.name)) throw invalidField(`${at}.name`, 'is named twice');
    seen.add(column.name);
    if (part.columns === 'features') normaliseFeature(column, at);
    else requireNameOnly(column, at);
  }
  normaliseLabel(side, path, part.label);
  if (part.where === 'none' && side.where !== '') {
    throw invalidField(`${path}.where`, `must be empty in ${part.protocol}`);
  }
  if (side.where !== '') checkCondition(`${path}.where`, side.where);
}

function normaliseFeature(column: ColumnUse, at: string): void {
  if (column.missing === Missing.UNSPECIFIED) column.missing = Missing.MEAN_INDICATOR;
  inRange(`${at}.missing`, column.missing, 1, 2);
  inRange(`${at}.kind`, column.kind, 0, 2);
  const categories = defaultTo(column.maxCategories, 8);
  column.maxCategories = inRange(`${at}.max_categories`, categories, 1, 1_000);
}

function requireNameOnly(column: ColumnUse, at: string): void {
  for (const [field, found] of [
    ['missing', column.missing],
    ['kind', column.kind],
    ['max_categories', column.maxCategories],
  ] as const) {
    if (found !== 0) throw invalidField(`${at}.${field}`, 'means nothing for a released column');
  }
}

function normaliseLabel(side: Participant, path: string, due: Part['label']): void {
  if (due === 'none' && side.label !== undefined) {
    throw invalidField(`${path}.label`, 'must be empty: this party has none in this protocol');
  }
  if (due === 'required' && side.label === undefined)
    throw invalidField(`${path}.label`, 'is missing');
  if (side.label === undefined) return;
  checkName(`${path}.label.column`, side.label.column);
  checkName(`${path}.label.positive`, side.label.positive);
  const feature = side.columns.findIndex((column) => column.name === side.label?.column);
  if (feature >= 0) throw invalidField(`${path}.columns[${feature}].name`, 'is the label');
}
