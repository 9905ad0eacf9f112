/** How the bank fetches rows: by what the company offers, and never below what the bank insists on. */
import { SottoError } from '../base/errors.ts';
import { Engine, type Manifest } from '../gen/sotto/tag/v1/tag_pb.ts';

/** What the bank insists on, whatever a manifest offers. */
export interface TagPolicy {
  /** Rows among which each asked one is hidden; "full" is the whole table. */
  readonly minAnonymity: 'full' | number;
  /** Before the first query of a version. */
  readonly maxDownloadBytes: number;
  /** Of one look-up, retries included. */
  readonly maxLatencyMs: number;
}

/**
 * The mirror where it is offered and its download admitted, since it shows least; else buckets that hide enough.
 * @throws permission-denied that names what of the policy no offered mode meets.
 */
export function chooseEngine(
  { modes, layers }: Manifest,
  { minAnonymity, maxDownloadBytes }: TagPolicy,
  downloadBytes: number,
): 'mirror' | 'bucket' {
  const offered = (engine: Engine) => modes.find((mode) => mode.engine === engine);
  const rows = layers.reduce((sum, layer) => sum + Number(layer.rows), 0);
  const least = minAnonymity === 'full' ? rows : minAnonymity;
  const mirror = offered(Engine.MIRROR);
  const bucket = offered(Engine.BUCKET);
  const anonymity = Number(bucket?.anonymity ?? 0n);
  if (mirror !== undefined && rows >= least && downloadBytes <= maxDownloadBytes) return 'mirror';
  if (bucket !== undefined && minAnonymity !== 'full' && anonymity >= least) return 'bucket';
  if (mirror !== undefined && rows >= least) {
    const facts = { field: 'maxDownload', bytes: downloadBytes, most: maxDownloadBytes };
    throw new SottoError('permission-denied', 'the policy forbids so large a download', facts);
  }
  if (mirror === undefined && bucket === undefined) {
    const facts = { field: 'modes' };
    throw new SottoError('permission-denied', 'the company offers no mode known here', facts);
  }
  const facts = { field: 'minAnonymity', offered: mirror === undefined ? anonymity : rows, least };
  throw new SottoError('permission-denied', 'the policy asks for more anonymity', facts);
}
