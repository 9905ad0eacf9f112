/** What `sotto doctor` looks at: each finding says what is, and what to do about it. */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { asSottoError } from '../../base/errors.ts';
import type { Vault } from '../../base/sealed.ts';
import { checkAudit } from '../../jobs/audit/check.ts';
import { type Identity, probePeer } from '../../rpc/index.ts';
import type { Config } from '../config.ts';
import { type Keyring, readKeyring } from '../key-watch.ts';
import { bytesText } from '../output.ts';
import { keyFilesOf } from '../party-keys.ts';
import { peerOf } from '../peer-files.ts';
import { openVault } from '../vault.ts';
import { type Finding, fail, ok, warn } from './finding.ts';
import { tables } from './tables.ts';

type Check = (config: Config, vault: Promise<Vault>) => Promise<Finding[]>;

const DAY_MS = 86_400_000;
const CONNECT_MS = 5_000;
/** Agreements allow clocks 120 s apart; half of that leaves time to mend it. */
const SKEW_MS = 60_000;
const SLOW_ROUND_TRIP_MS = 100;
const SLOW_BYTES_PER_SECOND = 5e6;
const SLOW_SYNC_MS = 20;
const LEAST_FREE_BYTES = 2 ** 30;
const LEAST_MEMORY_BYTES = 2 ** 30;

/** Each by itself: what one throws is its finding, and the others still look. */
export async function examine(config: Config): Promise<Finding[]> {
  const checks: Readonly<Record<string, Check>> = {
    machine,
    disk,
    keys: certificates,
    vault: secrets,
    data: tables,
    peers: lines,
  };
  const findings: Finding[] = [];
  const vault = openVault(config); // once: a variable of the environment is gone when it was read
  using _ = await openOrNot(vault);
  for (const [subject, check] of Object.entries(checks)) {
    findings.push(
      ...(await check(config, vault).catch((thrown: unknown) => [
        fail(subject, asSottoError(thrown).describe(), 'Mend this first, then run it again.'),
      ])),
    );
  }
  return findings;
}

/** Whoever needs no more than plain keys does without a vault; that it does not open is found elsewhere. */
const openOrNot = (vault: Promise<Vault>): Promise<Vault | undefined> =>
  vault.catch(() => undefined);

const machine: Check = async ({ limits }) => {
  const cores = availableParallelism();
  const threads = limits.threads ?? cores;
  const memory = process.availableMemory();
  const about = `${cores} cores, ${threads} crypto threads`;
  return [
    threads > cores
      ? warn('cores', about, 'Set limits.threads to the number of cores or leave it out.')
      : ok('cores', about),
    memory < LEAST_MEMORY_BYTES
      ? warn('memory', `${bytesText(memory)} free`, 'Free memory, or set limits.maxJobs to 1.')
      : ok('memory', `${bytesText(memory)} free`),
  ];
};

const disk: Check = async ({ state }) => {
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const { bavail, bsize } = statfsSync(state);
  const free = bavail * bsize;
  const slowest = Math.max(...syncTimes(state));
  const latency = `${slowest.toFixed(1)} ms to sync a write`;
  return [
    free < LEAST_FREE_BYTES
      ? warn('disk space', `${bytesText(free)} free`, `Make room where ${state} is.`)
      : ok('disk space', `${bytesText(free)} free`),
    slowest > SLOW_SYNC_MS
      ? warn(
          'disk latency',
          latency,
          'Put the state folder on a local disk: each step waits for it.',
        )
      : ok('disk latency', latency),
  ];
};

function syncTimes(state: string): number[] {
  const path = join(state, `.doctor-${randomBytes(6).toString('hex')}`);
  const file = openSync(path, 'w', 0o600);
  try {
    return Array.from({ length: 8 }, () => {
      const since = performance.now();
      writeSync(file, Buffer.alloc(4096));
      fsyncSync(file);
      return performance.now() - since;
    });
  } finally {
    closeSync(file);
    rmSync(path);
  }
}

const certificates: Check = async (config, vault) => {
  const { keys, peers } = await readKeyring(config, await openOrNot(vault));
  const findings = [
    atRest(config),
    validity('own certificate', keys.public),
    ...peers.map(validityOf),
  ];
  for (const peer of config.peers) {
    const subject = `pin of ${peer.name}`;
    if (!peers.some(({ name }) => name === peer.name)) {
      findings.push(warn(subject, 'revoked', 'Take it out of keys/revoked if that was a mistake.'));
    } else if (peer.fingerprint === undefined) {
      const { fingerprint } = await peerOf(peer);
      const remedy = `Compare ${fingerprint.slice(0, 19)}… by phone, and write it to peers[].fingerprint.`;
      findings.push(warn(subject, 'the file alone is the pin', remedy));
    } else findings.push(ok(subject, 'the file has the configured fingerprint'));
  }
  return findings;
};

function atRest(config: Config): Finding {
  const { plain, sealed } = keyFilesOf(config);
  if (existsSync(sealed)) return ok('private keys', 'sealed by the vault');
  const remedy = 'Seal them if others may copy the disk: `sotto keys wrap`.';
  return warn('private keys', `plain in ${plain}, for their owner alone`, remedy);
}

const validityOf = (peer: Keyring['peers'][number]): Finding =>
  validity(`certificate of ${peer.name}`, peer);

function validity(subject: string, { notBefore, notAfter }: Identity): Finding {
  const days = Math.floor((notAfter.getTime() - Date.now()) / DAY_MS);
  const until = `until ${notAfter.toISOString().slice(0, 10)}, ${days} days`;
  if (notBefore.getTime() > Date.now()) {
    return fail(
      subject,
      `not valid yet: from ${notBefore.toISOString()}`,
      "Set this machine's clock.",
    );
  }
  const remedy = 'Make new keys (`sotto keys init`), exchange public files, compare fingerprints.';
  if (days < 0) return fail(subject, `expired ${-days} days ago`, remedy);
  return days < 30 ? warn(subject, until, remedy) : ok(subject, until);
}

const secrets: Check = async (config, opened) => {
  const vault = await opened;
  const { bad, head } = checkAudit(config.state, vault);
  return [
    ok('vault', `opens with key ${vault.id}`),
    bad === undefined
      ? ok('audit log', `holds: ${head.entries} entries`)
      : fail(
          'audit log',
          `entry ${bad.entry} does not hold (${bad.flaw})`,
          'Keep a copy, find out who wrote to the state folder, then move audit.log and audit.head away.',
        ),
  ];
};

const lines: Check = async (config, vault) => {
  const { keys, peers } = await readKeyring(config, await openOrNot(vault));
  const findings: Finding[] = [];
  for (const { name, address } of config.peers) {
    const peer = peers.find((each) => each.name === name);
    if (peer === undefined) continue;
    if (address === undefined) {
      findings.push(ok(`line to ${name}`, 'it dials this worker: run the doctor there'));
    } else findings.push(...(await line({ own: keys, peer, address })));
  }
  return findings;
};

async function line(to: Parameters<typeof probePeer>[0]): Promise<Finding[]> {
  const subject = `line to ${to.peer.name}`;
  try {
    const { roundTripMs, upBytesPerSecond, downBytesPerSecond, clockAheadMs } = await probePeer(
      to,
      CONNECT_MS,
    );
    const rates = `${bytesText(upBytesPerSecond)}/s up, ${bytesText(downBytesPerSecond)}/s down`;
    const found = `${roundTripMs.toFixed(1)} ms, ${rates}`;
    const slow =
      roundTripMs > SLOW_ROUND_TRIP_MS ||
      Math.min(upBytesPerSecond, downBytesPerSecond) < SLOW_BYTES_PER_SECOND;
    const skew = `${(clockAheadMs / 1000).toFixed(1)} s ahead of ours`;
    return [
      slow
        ? warn(subject, found, 'Jobs will wait for the line: look at its bandwidth and at proxies.')
        : ok(subject, found),
      Math.abs(clockAheadMs) > SKEW_MS
        ? fail(`clock of ${to.peer.name}`, skew, 'Let both machines keep time by NTP.')
        : ok(`clock of ${to.peer.name}`, skew),
    ];
  } catch (thrown) {
    const error = asSottoError(thrown);
    const remedy =
      error.code === 'unauthenticated'
        ? 'Exchange the current public files, and compare fingerprints: one side has an old one.'
        : `Is its worker running, and ${to.address} open to this machine?`;
    return [fail(subject, error.describe(), remedy)];
  }
}
