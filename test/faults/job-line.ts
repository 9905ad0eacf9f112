/** Jobs of two workers over mutual TLS, on a line that can be disturbed. */

import { openPeers } from '../../src/rpc/peers.ts';
import { type KeyFolder, keyFolder } from '../support/certificates.ts';
import { TcpProxy } from '../support/proxy.ts';
import { LINE_LIMITS } from './line-faults.ts';
import { SCENARIOS } from './scenarios.ts';
import { runToEnd, type Simulated, undisturbedRun } from './simulate.ts';
import type { Verdict } from './verdict.ts';

/** One run on a line of its own: `arm` is called before the run, when so many bytes have passed already. */
export type LineRun = (arm: (line: TcpProxy, passed: number) => void) => Promise<{
  readonly verdict: Verdict;
  /** In words, for a person. */
  readonly endings: unknown;
  /** That passed in the run, both ways. */
  readonly bytes: number;
}>;

/** Runs of one protocol; the keys are made once. */
export function jobLine(protocol: string): LineRun {
  let keys: Promise<KeyFolder> | undefined;
  return async (arm) => {
    keys ??= keyFolder();
    return await runOver(await keys, protocol, arm);
  };
}

async function runOver(keys: KeyFolder, protocol: string, arm: Parameters<LineRun>[0]) {
  const scenario = SCENARIOS[protocol]!;
  const expected = await undisturbedRun(protocol);
  const [bank, telco] = [await keys.party('bank'), await keys.party('telco')];
  await using listening = await openPeers({
    keys: bank,
    listen: '127.0.0.1:0',
    peers: [{ name: 'telco', public: telco.public }],
    limits: LINE_LIMITS,
  });
  await using line = await TcpProxy.open({ target: listening.address! });
  arm(line, 0);
  await using dialling = await openPeers({
    keys: telco,
    peers: [{ name: 'bank', public: bank.public, address: line.address }],
    limits: LINE_LIMITS,
  });
  await using pair = await scenario.open({ peers: { bank: listening, telco: dialling } });
  const simulated: Simulated = await runToEnd(pair, { scenario, expected });
  return { ...simulated, bytes: line.bytes };
}
