/**
 * One party's half of a model, as it is kept: its own weights with the preprocessing they belong
 * to, and nothing of the peer's.
 */
import { z } from 'zod';
import { SottoError } from '../base/errors.ts';
import { type Preprocessing, parsePreprocessing, toRawWeights } from './preprocess.ts';

const HALF_FORMAT = 'sotto.model';
const HALF_VERSION = 1;

/** No separator, no leading dot: an id can be the name of a folder. */
export const MODEL_ID = /^[a-z0-9][a-z0-9._-]{0,63}$/;

const text = z.string().min(1);
const instant = z.iso.datetime();
const count = z.int().nonnegative();

const rawWeight = z.strictObject({
  column: text,
  category: z.string().optional(),
  indicator: z.enum(['other', 'missing']).optional(),
  weight: z.number(),
});

const half = z.strictObject({
  format: z.literal(HALF_FORMAT),
  version: z.literal(HALF_VERSION),
  /** Equal at both parties. */
  id: z.string().regex(MODEL_ID),
  /** In training: the active party has the labels. */
  role: z.enum(['active', 'passive']),
  party: text,
  peer: text,
  purpose: text,
  /** Of this party, in the order of the agreement. */
  columns: z.array(text).min(1),
  /** At the active party only. */
  label: z.strictObject({ column: text, positive: z.string() }).optional(),
  preprocessing: z.unknown(),
  weights: z.strictObject({
    /** Of the whitened features: what scores are computed with. */
    whitened: z.array(z.number()),
    /**
     * Of the raw features, with `rawIntercept`: for reading. Equal for rows without a clipped
     * value.
     */
    raw: z.array(rawWeight),
  }),
  /** Belongs to `weights.whitened`, in logits; 0 at the passive party. */
  intercept: z.number(),
  rawIntercept: z.number(),
  /** Effective parameters of the training, e.g. { "log2 q": 54 }. */
  parameters: z.record(z.string(), z.union([z.string(), z.number()])),
  /** On held-out rows, e.g. { "auc": 0.84 }; empty at the passive party, which learns none. */
  metrics: z.record(z.string(), z.number()),
  createdAt: instant,
  expiresAt: instant,
  /** Where the model comes from. */
  lineage: z.strictObject({
    jobId: text,
    /** Hex SHA-256 of the agreement that both signed. */
    agreementSha256: z.string().regex(/^[0-9a-f]{64}$/),
    dataset: text,
    alignedRows: count,
    trainRows: count,
    heldOutRows: count,
    /** The model that this one began from. */
    parentModelId: text.optional(),
    /** The measurement whose responses were the labels. */
    measureJobId: text.optional(),
  }),
});

export type ModelHalf = Omit<z.infer<typeof half>, 'preprocessing'> & {
  readonly preprocessing: Preprocessing;
};

/** What a training knows of its half; the rest follows from it. */
export type HalfFacts = Omit<
  ModelHalf,
  'format' | 'version' | 'weights' | 'rawIntercept' | 'preprocessing'
> & {
  readonly preprocessing: Preprocessing;
  /** Of the whitened features. */
  readonly weights: Float64Array;
};

/** Makes a half, checked as strictly as one that is read. */
export function halfOf({ weights, ...facts }: HalfFacts): ModelHalf {
  const raw = toRawWeights(facts.preprocessing, weights);
  return checkedHalf({
    format: HALF_FORMAT,
    version: HALF_VERSION,
    ...facts,
    weights: { whitened: [...weights], raw: [...raw.perFeature] },
    rawIntercept: facts.intercept + raw.intercept,
  });
}

/** The file's text. */
export const serializeHalf = (model: ModelHalf): string =>
  `${JSON.stringify(model, undefined, 2)}\n`;

/**
 * Reads a file's text. `invalid-argument` names the field that is wrong; a file of a newer format
 * is refused as such, since ignoring what it adds could change scores.
 */
export function parseHalf(json: string): ModelHalf {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new SottoError('invalid-argument', 'the model file is not JSON', { bytes: json.length });
  }
  return checkedHalf(value);
}

function checkedHalf(value: unknown): ModelHalf {
  refuseNewer(value);
  const parsed = half.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const unknown = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
    throw wrong([...issue.path, ...unknown].join('.') || 'the file', issue.message);
  }
  const model = { ...parsed.data, preprocessing: parsePreprocessing(parsed.data.preprocessing) };
  requireFit(model);
  return model;
}

function refuseNewer(value: unknown): void {
  const head = z.object({ format: z.literal(HALF_FORMAT), version: z.number() }).safeParse(value);
  if (!head.success || head.data.version <= HALF_VERSION) return;
  throw new SottoError('invalid-argument', 'the model file was written by a newer version', {
    expected: HALF_VERSION,
    received: head.data.version,
  });
}

/** What a schema cannot say: that the parts belong together. */
function requireFit(model: ModelHalf): void {
  const { rank } = model.preprocessing.whitening;
  const features = model.preprocessing.features.length;
  const { whitened, raw } = model.weights;
  if (whitened.length !== rank) {
    throw wrong('weights.whitened', `has ${whitened.length} entries instead of ${rank}`);
  }
  if (raw.length !== features) {
    throw wrong('weights.raw', `has ${raw.length} entries instead of ${features}`);
  }
  if (Date.parse(model.expiresAt) <= Date.parse(model.createdAt)) {
    throw wrong('expiresAt', 'is not after createdAt');
  }
  if (model.role === 'active' && model.label === undefined) {
    throw wrong('label', 'is missing at the active party');
  }
  if (model.role === 'passive' && (model.label ?? Object.keys(model.metrics)[0]) !== undefined) {
    throw wrong('role', 'is passive, yet there is a label or a metric');
  }
  const known = new Set(model.preprocessing.columns.map(({ name }) => name));
  const stranger = model.columns.findIndex((name) => !known.has(name));
  if (stranger >= 0 || known.size !== model.columns.length) {
    throw wrong('columns', 'are not those of the preprocessing');
  }
}

const wrong = (field: string, problem: string): SottoError =>
  new SottoError('invalid-argument', `the model file is wrong: ${field}: ${problem}`, { field });

/** Refuses a model whose time is over: both parties agreed on it. */
export function requireCurrent(model: Pick<ModelHalf, 'id' | 'expiresAt'>, nowMs: number): void {
  if (nowMs < Date.parse(model.expiresAt)) return;
  throw new SottoError('permission-denied', 'the model has expired: train a new one', {
    model: model.id,
    expired: model.expiresAt,
  });
}
