/** A made-up table of members, as text and as the bank should see it. */
import { create } from '@bufbuild/protobuf';
import { type TagField, TagFieldSchema, TagType } from '../../src/gen/sotto/tag/v1/tag_pb.ts';

export const FIELDS: readonly TagField[] = [
  { number: 1, name: 'score', type: TagType.INT },
  { number: 2, name: 'share', type: TagType.FLOAT },
  { number: 3, name: 'member', type: TagType.BOOL },
  { number: 4, name: 'since', type: TagType.DATE },
  { number: 5, name: 'tier', type: TagType.ENUM, words: ['gold', 'silver'] },
  { number: 6, name: 'note', type: TagType.STRING, maxBytes: 20 },
].map((field) => create(TagFieldSchema, field));

const HEADER = 'phone,score,share,member,since,tier,note';

/** Row i of the made-up members: its id and its tags follow from i. */
export const idOf = (i: number): string => `138${String(i).padStart(8, '0')}`;
export const rowOf = (i: number, score = i): string =>
  `${idOf(i)},${score},${i / 8},${i % 2 === 0 ? 'yes' : 'no'},2020-01-${String(1 + (i % 28)).padStart(2, '0')},${i % 3 === 0 ? 'gold' : 'silver'},note ${i}`;
export const tableOf = (rows: readonly string[]): string => `${[HEADER, ...rows].join('\n')}\n`;
export const members = (count: number): string =>
  tableOf(Array.from({ length: count }, (_, i) => rowOf(i)));

/** Runs a generator to its end. */
export async function finish<T>(generator: AsyncGenerator<unknown, T, void>): Promise<T> {
  for (;;) {
    const { done, value } = await generator.next();
    if (done === true) return value;
  }
}
