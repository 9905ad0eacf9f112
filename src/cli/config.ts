/** A worker's configuration: a strict YAML file, its paths relative to itself. */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { DEFAULT_ENGINE, ENGINES } from '../compute/compute.ts';
import { type DatasetConfig, datasetSchema } from '../data/dataset.ts';
import { PROTOCOL_NAMES } from '../jobs/fields.ts';
import { DEFAULT_BUDGET, DEFAULT_LIMITS } from '../jobs/options.ts';
import { DEFAULT_RPC_LIMITS, ROLES, wrappingKeyFile } from '../rpc/index.ts';
import { checked } from './schema.ts';
import { tagComplaints, tagsSchema } from './tags-config.ts';
import { wrappingKeySchema } from './wrapping-key.ts';
import { type Complaint, complain, nearest, type Path, readYaml, type YamlFile } from './yaml.ts';

/** `*` matches any. */
export const PROTOCOLS = [...PROTOCOL_NAMES, '*'] as const;

const name = z
  .string()
  .regex(
    /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/,
    'expected a name: 1 to 63 of a-z, 0-9 and -, beginning with a letter',
  );
const text = z.string().min(1);
const address = z.string().regex(/^[^\s:/]+:\d{1,5}$/, 'expected host:port');
const count = z.int().min(1);
/** Names of peers and jobs do not cross a network in the clear. */
const collector = text.refine(isPrivate, 'expected an https: URL, or http: to loopback');

const offer = z.strictObject({
  peer: name,
  purposes: z.array(text).min(1),
  /** Columns that a job with this peer may use; the label is listed like any other. None: alignment only. */
  columns: z
    .union([z.literal('all'), z.array(text)], { error: 'expected "all" or a list of column names' })
    .default([]),
  /** How much the peer may learn of the dataset, over all jobs; what is left out has its default. */
  budget: z
    .strictObject({
      epsilon: z.number().min(0).default(DEFAULT_BUDGET.epsilon),
      exact: z.int().min(0).default(DEFAULT_BUDGET.exact),
      rows: z.int().min(0).default(DEFAULT_BUDGET.rows),
    })
    .optional(),
});

/** As the data layer reads a table, and whom it is offered to. */
const dataset = datasetSchema.extend({ offeredTo: z.array(offer).default([]) });

const schema = z.strictObject({
  party: name,
  keys: text.default('keys'),
  state: text.default('state'),
  /** Where the key comes from that wraps the state folder's; absent: `<keys>/<party>.wrap.key`. */
  wrappingKey: wrappingKeySchema.prefault({}),
  /** Where peers reach this worker; absent: it only dials. */
  listen: address.optional(),
  peers: z
    .array(
      z.strictObject({
        name,
        /** Absent: the peer dials us. */
        address: address.optional(),
        publicKey: text,
        /** The pin, compared by phone; must be that of the file. */
        fingerprint: text.optional(),
      }),
    )
    .min(1),
  operators: z
    .strictObject({
      listen: address.default('127.0.0.1:7420'),
      certificates: z.array(z.strictObject({ file: text, role: z.enum(ROLES) })).default([]),
      reflection: z.boolean().default(false),
    })
    .prefault({}),
  datasets: z.record(text, dataset).default({}),
  /** A proposal that matches a rule in every field begins without an approver. */
  autoApprove: z
    .array(
      z.strictObject({ peer: name, protocol: z.enum(PROTOCOLS), dataset: text, purpose: text }),
    )
    .default([]),
  limits: z
    .strictObject({
      /** Rows that either party may bring to a job. */
      maxRows: count.max(100_000_000).default(DEFAULT_LIMITS.maxRows),
      /** Jobs at once: so many submitted here, and so many again proposed by peers. */
      maxJobs: count.max(64).default(DEFAULT_LIMITS.maxJobs),
      /** What one job may hold; absent: half of what all may. */
      maxJobMemoryMiB: count.max(1 << 24).optional(),
      /** What all may hold that run, half of it those proposed by peers; absent: three quarters of what is free at start. */
      maxMemoryMiB: count.max(1 << 24).optional(),
      /** Jobs that have not ended, waiting ones included. */
      maxQueued: count.max(100_000).default(DEFAULT_LIMITS.maxQueued),
      /** Memory of a training for columns that were transformed once; 0: each pass transforms them again. */
      transformsMiB: z
        .int()
        .min(0)
        .max(1_048_576)
        .default(DEFAULT_LIMITS.keptBytes / 2 ** 20),
      /** Crypto threads; absent: one per core. */
      threads: count.max(256).optional(),
      /** The longest wait for a peer to be reached, in one attempt. */
      connectSeconds: count.max(600).default(DEFAULT_RPC_LIMITS.connectMs / 1000),
      /** How long an unreachable peer is tried again before a job fails. */
      unavailableAfterSeconds: count.max(86_400).default(DEFAULT_LIMITS.unavailableAfterMs / 1000),
      /** The longest wait for a peer's next message. */
      messageTimeoutSeconds: count.max(86_400).default(DEFAULT_LIMITS.messageTimeoutMs / 1000),
    })
    .prefault({}),
  /** Anonymous tag queries: tables sealed for peers, and tables of peers to ask. */
  tags: tagsSchema.optional(),
  /** Counts and times for Prometheus; absent: none. */
  metrics: z
    .strictObject({
      listen: address.default('127.0.0.1:9464'),
      /** mutual: operators of this file, by certificate. none: loopback only. */
      tls: z.enum(['mutual', 'none']).default('none'),
    })
    .optional(),
  /** Spans for an OpenTelemetry collector; absent: none. */
  traces: z.strictObject({ endpoint: collector }).optional(),
  he: z
    .strictObject({
      /** Who draws keys and zeros of trainings: the kernels, several times faster, or Microsoft SEAL. */
      engine: z.enum(ENGINES).default(DEFAULT_ENGINE),
    })
    .prefault({}),
  log: z
    .strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']).default('info') })
    .prefault({}),
});

/** As the file says it, defaults filled in and paths absolute. */
export type Config = z.output<typeof schema>;

/** Reads and checks a worker's file: every wrong line is named, with what was found and expected. */
export function loadConfig(path: string): Config {
  const file = readYaml(path);
  const config = checked(file, schema);
  const complaints = inconsistencies(config);
  if (complaints.length > 0) throw complain(file, complaints);
  return absolute(config, file);
}

/** The datasets as the data layer takes them. */
export function tablesOf({ datasets }: Config): Record<string, DatasetConfig> {
  return Object.fromEntries(
    Object.entries(datasets).map(([name, { offeredTo: _, ...table }]) => [name, table]),
  );
}

/** What no single field shows: names that refer to nothing, twice the same peer, nobody to dial. */
function inconsistencies(config: Config): Complaint[] {
  const complaints: Complaint[] = [];
  const say = (path: Path, sentence: string): void => {
    complaints.push({ path, at: 'value', text: sentence });
  };
  const peers = config.peers.map((peer) => peer.name);
  const refer = (kind: string, known: readonly string[], word: string, path: Path): void => {
    if (known.includes(word)) return;
    const near = nearest(word, known);
    const hint =
      near === undefined ? `known: ${known.join(', ') || 'none'}` : `did you mean "${near}"?`;
    say(path, `no ${kind} "${word}" in this file; ${hint}`);
  };
  for (const [index, peer] of config.peers.entries()) {
    if (peers.indexOf(peer.name) !== index)
      say(['peers', index, 'name'], `peer "${peer.name}" is listed twice`);
    if (peer.name === config.party)
      say(['peers', index, 'name'], 'a peer cannot have the name of this party');
    if (peer.address === undefined && config.listen === undefined) {
      say(
        ['peers', index],
        `nobody can dial "${peer.name}": give its "address", or "listen" at the top so that it dials this worker`,
      );
    }
  }
  for (const [dataset, { offeredTo }] of Object.entries(config.datasets)) {
    for (const [index, offered] of offeredTo.entries()) {
      refer('peer', peers, offered.peer, ['datasets', dataset, 'offeredTo', index, 'peer']);
    }
  }
  for (const [index, rule] of config.autoApprove.entries()) {
    refer('peer', peers, rule.peer, ['autoApprove', index, 'peer']);
    const datasets = [...Object.keys(config.datasets), '*'];
    refer('dataset', datasets, rule.dataset, ['autoApprove', index, 'dataset']);
  }
  if (config.tags !== undefined) {
    const datasets = Object.keys(config.datasets);
    complaints.push(...tagComplaints(config.tags, { peers, datasets }));
  }
  return complaints;
}

function absolute(config: Config, file: YamlFile): Config {
  const from = (path: string): string => resolve(dirname(file.name), path);
  const missing: Complaint[] = [];
  const existing = (path: string, at: Path, what: string): string => {
    const full = from(path);
    if (!existsSync(full))
      missing.push({ path: at, at: 'value', text: `${what} ${path} does not exist` });
    return full;
  };
  const resolved: Config = {
    ...config,
    keys: existing(config.keys, ['keys'], 'the keys folder'),
    state: from(config.state),
    wrappingKey: wrappingKeyOf(config, from),
    ...(config.tags && { tags: { ...config.tags, sealed: from(config.tags.sealed) } }),
    peers: config.peers.map((peer, index) => ({
      ...peer,
      publicKey: existing(peer.publicKey, ['peers', index, 'publicKey'], 'the file'),
    })),
    operators: {
      ...config.operators,
      certificates: config.operators.certificates.map((operator, index) => ({
        ...operator,
        file: existing(operator.file, ['operators', 'certificates', index, 'file'], 'the file'),
      })),
    },
    datasets: Object.fromEntries(
      Object.entries(config.datasets).map(([key, value]) => [
        key,
        { ...value, path: existing(value.path, ['datasets', key, 'path'], 'the table') },
      ]),
    ),
  };
  if (missing.length > 0) throw complain(file, missing);
  return resolved;
}

function wrappingKeyOf(
  { wrappingKey, keys, party }: Config,
  from: (path: string) => string,
): Config['wrappingKey'] {
  if (Object.keys(wrappingKey).length === 0) return { file: wrappingKeyFile(from(keys), party) };
  return wrappingKey.file === undefined ? wrappingKey : { file: from(wrappingKey.file) };
}

function isPrivate(endpoint: string): boolean {
  const url = URL.parse(endpoint);
  if (url === null || url.username !== '' || url.password !== '') return false;
  const isLoopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback);
}
