/** What a protocol settles before it runs: one object a protocol, and `index.ts` lists them. */
import type { JsonObject } from '@bufbuild/protobuf';
import type { JobSpec } from '../../gen/sotto/job/v1/agreement_pb.ts';
import type { Role } from '../fields.ts';

export interface Terms {
  /** What a spec of this protocol names of each party's dataset. */
  readonly parts: Readonly<Record<Role, Part>>;
  /** Fills in the protocol's own defaults, in place. @throws invalid-argument with `field`. */
  normalise(spec: JobSpec): void;
  /** Who learns what. The sentences are part of the agreement: a change is a new version. */
  wording(spec: JobSpec): Wording;
  /** The fewest common rows with which a job goes on. */
  minRows(spec: JobSpec): number;
  /** What it costs if the peer brings as many rows. */
  estimate(spec: JobSpec, sizes: EstimateSizes): Estimate;
}

export interface Part {
  /** `features` enter a model; `names` alone say what is released; `none`: the list must be empty. */
  readonly columns: 'none' | 'features' | 'names';
  /** `optional`: rows without it are meant to be all of them. */
  readonly label: 'none' | 'optional' | 'required';
  /** Whether a condition may choose among the rows. */
  readonly where: 'none' | 'allowed';
}

export const NO_COLUMNS: Part = { columns: 'none', label: 'none', where: 'none' };
/** Rows alone, which a condition may choose. */
export const CHOSEN_ROWS: Part = { ...NO_COLUMNS, where: 'allowed' };

/** What the owner's keyed name of its rows tells, which `SetSizes` carries. */
export const SAME_ROWS = 'whether the other party brings the same rows as in an earlier job';
/** What a number in `SetSizes` tells. */
export const ROWS_BROUGHT =
  'how many rows the other party brings, as a class of sizes where a condition chose them';

/** Each continues "<party> learns ...". */
export interface Wording {
  readonly both: readonly string[];
  readonly active: readonly string[];
  readonly passive: readonly string[];
}

export interface EstimateSizes {
  /** Of this party's dataset. */
  readonly rows: number;
  /** Cores of this worker. */
  readonly threads: number;
}

export interface Estimate {
  /** Both directions. */
  readonly bytes: number;
  readonly seconds: number;
  readonly parameters: JsonObject;
  readonly warnings: readonly string[];
}

/** A line of 100 Mbit/s. */
export const NETWORK_SECONDS_PER_BYTE = 8 / 100e6;

/** One after the other. */
export const added = (a: Estimate, b: Estimate): Estimate => ({
  bytes: a.bytes + b.bytes,
  seconds: a.seconds + b.seconds,
  parameters: { ...a.parameters, ...b.parameters },
  warnings: [...a.warnings, ...b.warnings],
});
