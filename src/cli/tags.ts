/** A worker's tag services: its sealed tables for peers, and for its own systems the sidecar that asks peers. */
import { setTimeout } from 'node:timers/promises';
import { asSottoError, SottoError } from '../base/errors.ts';
import type { Log } from '../base/events.ts';
import { type OperatorPublic, openSidecar, serveTags } from '../rpc/index.ts';
import {
  type Batcher,
  type Debited,
  Meter,
  openBatcher,
  type TagQuota,
  TagServer,
  type TagService,
} from '../tags/index.ts';
import type { Config } from './config.ts';
import type { Keyring } from './key-watch.ts';
import {
  type AskingParts,
  meterFile,
  type OpenClient,
  openClient,
  secretsFolder,
  servedTables,
  tagsOf,
} from './tag-parts.ts';

/** A synced line of the audit log for each peer, table and purpose: not so often that a query would wait for it. */
const NOTED_EVERY_MS = 600_000;

export interface TagParts extends AskingParts {
  readonly operators: readonly { readonly public: OperatorPublic }[];
  readonly log: Log;
  /** Wraps what peers ask, to count it. */
  readonly counted: (service: TagService, quotas: () => readonly TagQuota[]) => TagService;
  /** For the audit log. */
  readonly note: (debited: Debited) => void;
  /** Called once for each server, with what takes up changed certificates. */
  readonly renewable: (renew: (ring: Keyring) => void) => void;
}

export async function openTagServices(config: Config, parts: TagParts): Promise<AsyncDisposable> {
  await using opened = new AsyncDisposableStack();
  if (tagsOf(config).listen !== undefined) await serve(config, parts, opened);
  if (Object.keys(tagsOf(config).mirrors).length > 0) await ask(config, parts, opened);
  return opened.move();
}

async function serve(
  config: Config,
  { keys, publics, compute, vault, log, renewable, counted, note }: TagParts,
  opened: AsyncDisposableStack,
): Promise<void> {
  const { sealed, listen } = tagsOf(config);
  const now = (): number => Date.now();
  const meter = opened.use(new Meter(meterFile(config), now));
  const noteAll = noted(meter, note);
  const noteDebits = (): void => {
    try {
      noteAll();
    } catch {
      log({ event: 'failed-internally', where: 'audit log' }); // the next time has it all
    }
  };
  noteDebits();
  const noting = setInterval(noteDebits, NOTED_EVERY_MS).unref();
  opened.defer(() => {
    clearInterval(noting);
    noteDebits();
  });
  const server = new TagServer({
    tables: servedTables(config),
    sealed,
    secrets: secretsFolder(config),
    vault,
    signingKey: keys.signingKey,
    compute,
    meter,
    now,
  });
  const service = counted(server, () => server.quotas());
  const served = opened.use(
    await serveTags({ listen: listen!, keys, peers: publics, service, log }),
  );
  renewable((ring) => served.renew(ring.keys, ring.peers));
}

/** Notes what has changed since it was called last; and at first all, which a process that was killed may not have. */
export function noted(meter: Pick<Meter, 'debited'>, note: TagParts['note']): () => void {
  const known = new Map<string, string>();
  return () => {
    for (const debited of meter.debited()) {
      const name = JSON.stringify([debited.peer, debited.dataset, debited.purpose]);
      const now = JSON.stringify(debited);
      if (known.get(name) === now) continue;
      note(debited);
      known.set(name, now);
    }
  };
}

async function ask(config: Config, parts: TagParts, opened: AsyncDisposableStack): Promise<void> {
  const { mirrors, sidecar } = tagsOf(config);
  const closing = new AbortController();
  const batchers = new Map<string, Batcher>();
  for (const name of Object.keys(mirrors)) {
    const open = opened.use(await openClient(config, name, parts));
    const syncing = keepSynced(open, parts.log, closing.signal);
    opened.defer(() => syncing);
    batchers.set(name, openBatcher(open.client, sidecar?.windowMs ?? 0, closing.signal));
  }
  // Disposed in reverse: no new look-ups, then those that run are ended, then what they use.
  opened.defer(() => closing.abort(new SottoError('cancelled', 'the worker stops')));
  if (sidecar === undefined) return;
  const { grpc, http, tls, reflection } = sidecar;
  const callers = parts.operators.map((operator) => operator.public);
  opened.use(
    await openSidecar({
      ...(grpc === undefined ? {} : { grpc }),
      ...(http === undefined ? {} : { http }),
      ...(tls === 'none' ? {} : { tls: { keys: parts.keys, callers } }),
      reflection,
      log: parts.log,
      lookup: async (dataset, ids) => {
        const batcher = batchers.get(dataset);
        if (batcher !== undefined) return await batcher.lookup(ids);
        throw new SottoError('not-found', 'no mirror of this name is configured', {
          field: 'dataset_id',
        });
      },
    }),
  );
}

/** Looks for a newer version now and then; a peer that cannot be reached is asked again the next time. */
async function keepSynced(
  { client, mirror }: OpenClient,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const everyMs = 60_000 * mirror.syncMinutes;
  while (!signal.aborted) {
    try {
      for await (const _ of client.sync(signal)) if (signal.aborted) return;
    } catch (thrown) {
      const { code } = asSottoError(thrown);
      if (signal.aborted) return;
      log({ event: 'peer-unreachable', peer: mirror.peer, code, retryInMs: everyMs });
    }
    await setTimeout(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}
