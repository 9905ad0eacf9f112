/** What peers may ask of this party's data, and what begins without asking an operator. */
import { SottoError } from '../base/errors.ts';
import type { Agreement, JobSpec } from '../gen/sotto/job/v1/agreement_pb.ts';
import { rejected } from './agreement.ts';
import { participant, type Role } from './fields.ts';
import { type Budget, DEFAULT_BUDGET, type Offer, type Rule } from './options.ts';
import { conditionsOf } from './terms/conditions.ts';
import { protocolOf } from './terms/index.ts';

/** What of a dataset's configuration an agreement has to match. */
export interface OwnDataset {
  readonly columns: readonly string[];
  readonly rows: number;
  readonly idNormalization: readonly string[];
}

export interface OfferRequest {
  readonly spec: JobSpec;
  readonly role: Role;
  readonly peer: string;
  /** Columns of this party that the job needs without naming them: those of a model. */
  readonly modelColumns?: readonly string[] | undefined;
}

/**
 * The columns of this party that the spec names are offered to the peer for the stated purpose. A dataset that is not
 * offered and one that does not exist fail alike: a peer learns no names by trying.
 * @throws parameters-rejected with `field`.
 */
export function checkOffered(
  offers: readonly Offer[],
  dataset: OwnDataset | undefined,
  request: OfferRequest,
): void {
  const { purpose } = request.spec;
  const side = participant(request.spec, request.role);
  const path = `spec.${request.role}`;
  const offered = offers.filter(
    (offer) => offer.peer === request.peer && offer.dataset === side.dataset,
  );
  if (dataset === undefined || offered.length === 0) {
    throw rejected(`${path}.dataset`, 'a dataset that is offered to the other party');
  }
  const fit = offered.filter(({ purposes }) => purposes.some((one) => matches(one, purpose)));
  if (fit.length === 0) throw rejected('spec.purpose', 'a purpose that the dataset is offered for');
  const admits = (column: string): boolean =>
    dataset.columns.includes(column) &&
    fit.some((offer) => offer.columns === 'all' || offer.columns.includes(column));
  for (const [index, column] of side.columns.entries()) {
    if (!admits(column.name)) {
      throw rejected(`${path}.columns[${index}].name`, 'a column that is offered');
    }
  }
  if (request.modelColumns?.every(admits) === false) {
    throw rejected(`${path}.dataset`, 'a dataset whose offered columns include those of the model');
  }
  if (side.label !== undefined && !admits(side.label.column)) {
    throw rejected(`${path}.label.column`, 'a column that is offered');
  }
  // What is counted by a condition on a column tells of the column.
  for (const { field, columns } of conditionsOf(request.spec, request.role)) {
    if (!columns.every(admits)) throw rejected(field, 'a condition on columns that are offered');
  }
}

/** Ids that were brought to different forms would not meet. */
export function checkNormalization(agreement: Agreement, dataset: OwnDataset): void {
  const ours = dataset.idNormalization.join(', ');
  if (agreement.idNormalization.join(', ') !== ours) throw rejected('id_normalization', ours);
}

/** The least of what the dataset's offers to the peer allow, whatever their purposes. */
export function budgetOf(offers: readonly Offer[], peer: string, dataset: string): Budget {
  const budgets = offers
    .filter((offer) => offer.peer === peer && offer.dataset === dataset)
    .map(({ budget }) => budget ?? DEFAULT_BUDGET);
  const least = (unit: keyof Budget): number => Math.min(...budgets.map((one) => one[unit]));
  if (budgets.length === 0) return { epsilon: 0, exact: 0, rows: 0 };
  return { epsilon: least('epsilon'), exact: least('exact'), rows: least('rows') };
}

/** True if a rule of the configuration admits the job without an operator. */
export function admittedByRule(
  rules: readonly Rule[],
  request: { readonly spec: JobSpec; readonly role: Role; readonly peer: string },
): boolean {
  const matches = (pattern: string, found: string): boolean => pattern === '*' || pattern === found;
  return rules.some(
    (rule) =>
      matches(rule.peer, request.peer) &&
      matches(rule.protocol, protocolOf(request.spec)) &&
      matches(rule.dataset, participant(request.spec, request.role).dataset) &&
      matches(rule.purpose, request.spec.purpose),
  );
}

const matches = (pattern: string, found: string): boolean => pattern === '*' || pattern === found;

export function requirePeer(peers: Readonly<Record<string, unknown>>, peer: string): void {
  if (!Object.hasOwn(peers, peer)) {
    throw new SottoError('invalid-argument', 'no such peer in the configuration', { peer });
  }
}
