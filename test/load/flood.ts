/**
 * A bank that asks far too much, as a process: `node flood.ts <folder> <address> <queries at once>`. All it sends is
 * blinded beforehand and the answers are checked afterwards, so that what it takes is the company's time. It says
 * "ready"; floods from "go" until "pause", and says when it does; "end" has it say what it was answered.
 */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { constants, setPriority } from 'node:os';
import { create } from '@bufbuild/protobuf';
import { inlineCompute } from '../../src/compute/inline.ts';
import { type QueryRequest, QueryRequestSchema } from '../../src/gen/sotto/tag/v1/tag_pb.ts';
import { inputOf } from '../../src/tags/row.ts';
import { idOf } from '../support/tag-parts.ts';
import { openBank } from './site.ts';

// A flooder computes on a machine of its own: here it takes what the others leave of this one. Linux gives even a
// process of low priority some milliseconds before it lets others go on, but not one that is to run when all are idle.
try {
  execFileSync('chrt', ['--all-tasks', '--idle', '--pid', '0', String(process.pid)]);
} catch {
  setPriority(constants.priority.PRIORITY_LOW);
}

const [folder = '', address = '', atOnce = '1'] = process.argv.slice(2);
const compute = inlineCompute();
await using bank = await openBank(folder, 'bank', address, compute);
const manifest = bank.client.manifest!;
const { signal } = new AbortController();

interface Prepared {
  readonly input: Uint8Array;
  readonly blinds: Uint8Array;
  readonly request: QueryRequest;
  /** Of the function's value and its proof, which repeat with the points. */
  digest: string | undefined;
}

const prepared: Prepared[] = [];
for (let i = 0; i < Number(atOnce); i += 1) {
  const input = inputOf(manifest, idOf(i));
  const { blinds, blinded } = await compute.run('oprfBlind', {
    inputs: [input],
    coins: randomBytes(48),
  });
  const { datasetId, versionId } = manifest;
  const fetch = { case: 'mirror', value: {} } as const;
  const values = { datasetId, versionId, purpose: 'marketing', blinded, fetch };
  const request = create(QueryRequestSchema, values);
  prepared.push({ input, blinds, request, digest: undefined });
}

const tally = { same: 0, wrong: 0, hung: 0 };
let flooding: Promise<unknown> | undefined;
let paused = false;

/** The same points under a new key: a query of its own, debited by itself. */
async function one(each: Prepared): Promise<void> {
  const request = { ...each.request, idempotencyKey: new Uint8Array(randomBytes(16)) };
  const answer = await bank.remote.query(request, signal).catch(() => undefined);
  if (answer === undefined) {
    tally.hung += 1;
    return;
  }
  const { evaluated, proof } = answer;
  const digest = createHash('sha256').update(evaluated).update(proof).digest('hex');
  if (each.digest === undefined && !(await isRight(each, evaluated, proof))) tally.wrong += 1;
  else tally[digest === (each.digest ?? digest) ? 'same' : 'wrong'] += 1;
  each.digest ??= digest;
}

async function isRight(
  { input, blinds, request }: Prepared,
  evaluated: Uint8Array,
  proof: Uint8Array,
) {
  const { publicKey } = manifest;
  const { blinded } = request;
  const answer = { publicKey, inputs: [input], blinds, blinded, evaluated, proof };
  return await compute.run('oprfFinalize', answer).then(
    () => true,
    () => false,
  );
}

process.on('message', (message) => {
  if (message === 'go') {
    paused = false;
    flooding = Promise.all(
      prepared.map(async (each) => {
        while (!paused) await one(each);
      }),
    );
  } else if (message === 'pause') {
    paused = true;
    void flooding?.then(() => process.send?.('quiet'));
  } else {
    process.send?.(tally);
  }
});
process.once('disconnect', () => process.exit());
// A first round, whose proofs are checked; from then on answers are compared with these.
await Promise.all(prepared.map(one));
process.send?.('ready');
