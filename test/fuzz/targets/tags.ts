/** What a bank and a company say to each other in a tag query, what is on their disks, and points of transfers. */
import { sign } from 'node:crypto';
import { create, type DescMessage, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { lengthPrefixed } from '../../../src/base/bytes.ts';
import { decode } from '../../../src/channel/decode.ts';
import {
  type QueryRequest,
  QueryRequestSchema,
  QueryResponseSchema,
  SignedManifestSchema,
  type TransferRequest,
  TransferRequestSchema,
  TransferResponseSchema,
} from '../../../src/gen/sotto/tag/v1/tag_pb.ts';
import {
  directCoins,
  otDirectChoose,
  otDirectOpen,
  otDirectSend,
  ready,
} from '../../../src/primitives/ot/index.ts';
import { readManifest } from '../../../src/tags/manifest.ts';
import type { TagRemote } from '../../../src/tags/remote.ts';
import { decodeRecord, encodeRecord } from '../../../src/tags/schema.ts';
import { seededRandom } from '../../support/random.ts';
import { FIELDS } from '../../support/tag-parts.ts';
import { mutateBytes, mutateMessage, oneOf, type Word } from '../mutations.ts';
import { openTagStage } from '../tag-stage.ts';
import type { Ending, Target } from '../target.ts';

function mutated<D extends DescMessage>(schema: D, message: MessageShape<D>, word: Word) {
  return decode(schema, mutateMessage(toBinary(schema, message), word));
}

/** Half of them signed by the company itself, which may be the one that cheats. */
const manifests: Target = {
  name: 'manifests of sealed tables',
  weight: 60,
  async prepare() {
    const { manifest: honest, keys } = await openTagStage();
    const expected = { signer: keys.public.signingKey, datasetId: 'members', tenant: 'bank' };
    readManifest(honest, expected);
    return (word) => {
      if (word() % 2 === 0) {
        readManifest(mutated(SignedManifestSchema, honest, word), expected);
        return 'accepted';
      }
      const manifest = mutateMessage(honest.manifest, word);
      const signed = lengthPrefixed('sotto tag manifest signature 1', manifest);
      const signature = new Uint8Array(sign(null, signed, keys.signingKey));
      readManifest(create(SignedManifestSchema, { manifest, signature }), expected);
      return 'accepted';
    };
  },
};

/** Queries and transfers of a pinned bank. */
const requests: Target = {
  name: 'requests to a tag service',
  weight: 40,
  async prepare() {
    const { service, ask } = await openTagStage();
    const heard: { query?: QueryRequest; transfer?: TransferRequest } = {};
    await ask('bucket', (remote) => ({
      ...remote,
      query: (request, signal) => {
        heard.query = request;
        return remote.query(request, signal);
      },
      transfer: (request, signal) => {
        heard.transfer = request;
        return remote.transfer(request, signal);
      },
    }));
    return async (word): Promise<Ending> => {
      if (word() % 2 === 0) {
        await service.query('bank', mutated(QueryRequestSchema, heard.query!, word));
      } else {
        await service.transfer('bank', mutated(TransferRequestSchema, heard.transfer!, word));
      }
      return 'accepted';
    };
  },
};

/** Answers of a company to a bank that asks one id. */
const answers: Target = {
  name: 'answers of a tag service',
  weight: 40,
  async prepare() {
    const { ask } = await openTagStage();
    for (const engine of ['mirror', 'bucket'] as const) await ask(engine);
    return async (word): Promise<Ending> => {
      const which = word() % 3;
      const change = (remote: TagRemote): TagRemote => ({
        ...remote,
        query: async (request, signal) => {
          const honest = await remote.query(request, signal);
          return which === 2 ? honest : mutated(QueryResponseSchema, honest, word);
        },
        transfer: async (request, signal) =>
          mutated(TransferResponseSchema, await remote.transfer(request, signal), word),
      });
      await ask(which === 0 ? 'mirror' : 'bucket', change);
      return 'accepted';
    };
  },
};

const records: Target = {
  name: 'records of tags',
  weight: 20,
  async prepare() {
    const values = [7, 0.5, true, null, 'gold', 'a note'];
    const honest = encodeRecord(FIELDS, values, { recordBytes: 80, row: 1 });
    return (word) => {
      decodeRecord(FIELDS, mutateBytes(honest, word));
      return 'accepted';
    };
  },
};

/** The two messages of a direct transfer: points and sealed records. */
const transfers: Target = {
  name: 'transfers of records',
  weight: 40,
  async prepare() {
    await ready();
    const random = seededRandom('fuzzed transfers');
    const sets = { sets: 2, count: 4, width: 8, session: random.bytes(32) };
    const coins = directCoins(sets);
    const records = random.bytes(64);
    const indices = [1, 3];
    const own = otDirectChoose({ ...sets, indices, coins: random.bytes(coins.receiver) });
    const theirs = { ...sets, records, coins: random.bytes(coins.sender) };
    const honest = otDirectSend({ ...theirs, offered: own.offered });
    return (word) => {
      const kind = oneOf(word, ['offered', 'answered', 'sealed'] as const);
      if (kind === 'offered') otDirectSend({ ...theirs, offered: mutateBytes(own.offered, word) });
      else {
        const answer = { ...honest, [kind]: mutateBytes(honest[kind], word) };
        otDirectOpen({ ...sets, indices, ...own, ...answer });
      }
      return 'accepted';
    };
  },
};

export const tagTargets: readonly Target[] = [manifests, requests, answers, records, transfers];
