/** Seals the table of a `TagWorld` folder in a process of its own, to be limited or killed: says each safe point, and how it ended. */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { asSottoError } from '../../src/base/errors.ts';
import { inlineCompute } from '../../src/compute/inline.ts';
import { type SealProgress, seal } from '../../src/tags/seal.ts';
import { seededRandom } from './random.ts';
import { sealOptions } from './tag-company.ts';
import { finish } from './tag-parts.ts';

/** Known to both processes; Ed25519 in PKCS #8. */
export const privateKey = createPrivateKey({
  key: Buffer.concat([
    Buffer.from('302e020100300506032b657004220420', 'hex'),
    Buffer.alloc(32, 0x5e),
  ]),
  format: 'der',
  type: 'pkcs8',
});
export const publicKey = createPublicKey(privateKey);

async function run(folder: string): Promise<string> {
  const coins = {
    signingKey: privateKey,
    compute: inlineCompute(),
    random: seededRandom('process'),
  };
  const options = sealOptions(folder, coins, { unknown: ['?'], canaries: 1 });
  const sealing = seal({ ...options, checkpointRows: 2_048 });
  return await finish(told(sealing)).then(
    () => 'sealed',
    (thrown: unknown) => asSottoError(thrown).code,
  );
}

/** Says each safe point, for whoever wants to kill it there. */
async function* told<T>(
  sealing: AsyncGenerator<SealProgress, T, void>,
): AsyncGenerator<void, T, void> {
  for (;;) {
    const step = await sealing.next();
    if (step.done === true) return step.value;
    console.log(`${step.value.phase} ${step.value.done}`);
    yield;
  }
}

if (process.argv[1] === import.meta.filename) console.log(await run(process.argv[2]!));
