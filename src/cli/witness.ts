/** What a peer remembers of this party's audit log, as its `sotto audit heads --json` printed it. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { SottoError } from '../base/errors.ts';
import type { Witness } from '../jobs/audit/check.ts';

const schema = z.object({
  heads: z.array(
    z.object({
      of: z.string(),
      rememberedBy: z.string(),
      exchanges: z.int().min(0),
      hash: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
});

/** What the peer's file says of this party's log. @throws invalid-argument */
export async function readWitness(file: string, party: string): Promise<Witness[]> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const message = `cannot read ${file}: ${cause.code}`;
    throw new SottoError('invalid-argument', message, {}, { cause });
  });
  const parsed = schema.safeParse(jsonOf(text));
  const ours = parsed.data?.heads.filter(({ of }) => of === party) ?? [];
  if (ours.length > 0)
    return ours.map(({ rememberedBy, ...head }) => ({ ...head, peer: rememberedBy }));
  const message = 'expected what `sotto audit heads --json` printed at a peer of this party';
  throw new SottoError('invalid-argument', message, { file });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
