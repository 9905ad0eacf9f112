/** Every message of every schema: filled at random, changed on its way, and read as a peer's bytes are read. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { create, type DescField, type DescMessage, ScalarType, toBinary } from '@bufbuild/protobuf';
import { equalBytes } from '../../../src/base/bytes.ts';
import { decode } from '../../../src/channel/decode.ts';
import { below, mutateBytes, mutateMessage, oneOf, type Word } from '../mutations.ts';
import type { Target } from '../target.ts';

const GENERATED = join(import.meta.dirname, '..', '..', '..', 'src', 'gen');
/** Messages within messages within messages are enough of a good thing. */
const DEEPEST = 3;

const isMessage = (value: unknown): value is DescMessage =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'message';

/** All schemas there are: one that is added is fuzzed without being named here. */
async function schemas(): Promise<DescMessage[]> {
  const found: DescMessage[] = [];
  for (const name of readdirSync(GENERATED, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('_pb.ts')) continue;
    const module = await import(pathToFileURL(join(GENERATED, name)).href);
    found.push(...Object.values(module).filter(isMessage));
  }
  return found;
}

const bytes = (word: Word, length: number) => Uint8Array.from({ length }, () => word());
const ascii = (word: Word) => Buffer.from(bytes(word, below(word, 24))).toString('base64');

function scalar(field: DescField, word: Word): unknown {
  if (field.enum !== undefined) return oneOf(word, field.enum.values).number;
  switch (field.scalar) {
    case ScalarType.BYTES:
      return bytes(word, below(word, 80));
    case ScalarType.STRING:
      return ascii(word);
    case ScalarType.BOOL:
      return word() % 2 === 1;
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return BigInt(word());
    default:
      return word() >>> 1;
  }
}

/** Half of the fields, each with something its type admits. */
function filled(schema: DescMessage, word: Word, depth = 0): Record<string, unknown> {
  const init: Record<string, unknown> = {};
  for (const field of schema.fields) {
    if (word() % 2 === 0 || field.oneof !== undefined || field.fieldKind === 'map') continue;
    const one = (): unknown =>
      field.message === undefined ? scalar(field, word) : filled(field.message, word, depth + 1);
    if (field.message !== undefined && depth >= DEEPEST) continue;
    if (field.message?.typeName.startsWith('google.') === true) continue;
    init[field.localName] =
      field.fieldKind === 'list' ? Array.from({ length: below(word, 4) }, one) : one();
  }
  return init;
}

export const messages: Target = {
  name: 'any message',
  weight: 60,
  async prepare() {
    const all = await schemas();
    return (word) => {
      const schema = oneOf(word, all);
      const honest = toBinary(schema, create(schema, filled(schema, word)));
      const donor = toBinary(schema, create(schema, filled(schema, word)));
      const changed =
        word() % 2 === 0 ? mutateBytes(honest, word, donor) : mutateMessage(honest, word);
      const read = decode(schema, changed);
      // What was taken is what it says it is: written again and read again it is the same.
      const written = toBinary(schema, read);
      const again = toBinary(schema, decode(schema, written));
      if (!equalBytes(written, again)) throw new Error(`${schema.typeName} reads otherwise again`);
      return 'accepted';
    };
  },
};
