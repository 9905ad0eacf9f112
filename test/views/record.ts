/** What each party hears of its peer in a whole job: every message, taken off the frames of the network. */
import { createRegistry, fromBinary, type Registry } from '@bufbuild/protobuf';
import { bodyOf, KIND, kindOf, parseHead } from '../../src/channel/frames.ts';
import type { Transport } from '../../src/channel/transport.ts';
import {
  AnswerMessageSchema,
  file_sotto_job_v1_agreement,
  ProposeMessageSchema,
} from '../../src/gen/sotto/job/v1/agreement_pb.ts';
import { file_sotto_job_v1_audit } from '../../src/gen/sotto/job/v1/audit_pb.ts';
import { file_sotto_job_v1_measure } from '../../src/gen/sotto/job/v1/measure_pb.ts';
import { file_sotto_job_v1_setup } from '../../src/gen/sotto/job/v1/setup_pb.ts';
import { file_sotto_protocol_v1_measure } from '../../src/gen/sotto/protocol/v1/measure_pb.ts';
import { file_sotto_protocol_v1_psi } from '../../src/gen/sotto/protocol/v1/psi_pb.ts';
import { file_sotto_protocol_v1_score } from '../../src/gen/sotto/protocol/v1/score_pb.ts';
import { file_sotto_protocol_v1_sets } from '../../src/gen/sotto/protocol/v1/sets_pb.ts';
import { file_sotto_protocol_v1_vertical_lr } from '../../src/gen/sotto/protocol/v1/vertical_lr_pb.ts';

/** All messages that a conversation can hold, by full name. */
export const registry: Registry = createRegistry(
  file_sotto_job_v1_agreement,
  file_sotto_job_v1_audit,
  file_sotto_job_v1_measure,
  file_sotto_job_v1_setup,
  file_sotto_protocol_v1_measure,
  file_sotto_protocol_v1_psi,
  file_sotto_protocol_v1_score,
  file_sotto_protocol_v1_sets,
  file_sotto_protocol_v1_vertical_lr,
);

export interface Heard {
  /** Short name, e.g. "AlignPoints"; control frames as "channel:finish". */
  readonly name: string;
  /** Fields that were set, by their names in the schema; "unknown field n" for others. */
  readonly fields: readonly string[];
  readonly bytes: number;
}

/** Puts the messages of one direction of a conversation together again from its frames. */
class View {
  readonly #heard: Heard[];
  /** The frame that comes before the channel is one message, bare. */
  #bare: string | undefined;
  #open: { typeName: string; parts: Uint8Array[]; missing: number } | undefined;

  constructor(heard: Heard[], bare: string) {
    this.#heard = heard;
    this.#bare = bare;
  }

  hear(frame: Uint8Array): void {
    if (this.#bare !== undefined) {
      this.#heard.push(read(this.#bare, frame));
      this.#bare = undefined;
      return;
    }
    const kind = kindOf(frame);
    const body = bodyOf(frame);
    if (kind === KIND.head) {
      const { typeName, totalBytes, first } = parseHead(body);
      this.#open = { typeName, parts: [], missing: totalBytes };
      this.#add(first);
    } else if (kind === KIND.more) {
      this.#add(body);
    } else {
      const name = Object.entries(KIND).find(([, value]) => value === kind)![0];
      this.#heard.push({ name: `channel:${name}`, fields: [], bytes: frame.length });
    }
  }

  #add(part: Uint8Array): void {
    const open = this.#open;
    if (open === undefined) throw new Error('a further part without a first one');
    open.parts.push(part.slice());
    open.missing -= part.length;
    if (open.missing > 0) return;
    this.#open = undefined;
    this.#heard.push(read(open.typeName, Buffer.concat(open.parts)));
  }
}

function read(typeName: string, bytes: Uint8Array): Heard {
  const schema = registry.getMessage(typeName);
  if (schema === undefined) return { name: typeName, fields: [], bytes: bytes.length };
  const message = fromBinary(schema, bytes);
  const set = schema.fields
    .filter((field) => {
      const value = (message as unknown as Record<string, unknown>)[field.localName];
      if (value === undefined || value === '' || value === 0 || value === 0n) return false;
      return !(value instanceof Uint8Array && value.length === 0);
    })
    .map((field) => field.name);
  const unknown = (message.$unknown ?? []).map(({ no }) => `unknown field ${no}`);
  return { name: schema.name, fields: [...set, ...unknown], bytes: bytes.length };
}

/** The transport of a proposer whose frames are also written down: what it hears, and what its peer does. */
export function recorded(transport: Transport, own: Heard[], peer: Heard[]): Transport {
  const near = new View(own, AnswerMessageSchema.typeName);
  const far = new View(peer, ProposeMessageSchema.typeName);
  return {
    async write(frame) {
      far.hear(frame);
      await transport.write(frame);
    },
    async read() {
      const frame = await transport.read();
      if (frame !== undefined) near.hear(frame);
      return frame;
    },
    close: () => transport.close(),
  };
}
