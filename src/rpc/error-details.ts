/** A failure as it crosses gRPC: google.rpc.Status with one ErrorInfo (AIP-193), in a binary trailer. */
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import type { Facts } from '../base/errors.ts';

/** Where the standard has every gRPC library look for it. */
export const DETAILS_KEY = 'grpc-status-details-bin';

/** Whose `reason`s these are. */
const DOMAIN = 'sotto';
const ERROR_INFO = 'type.googleapis.com/google.rpc.ErrorInfo';
/** Headers are bounded, and a fact is a name or a number. */
const MAX_FACTS = 16;
const MAX_TEXT = 200;

export interface Details {
  /** The gRPC status code. */
  readonly status: number;
  readonly message: string;
  /** Our error code. */
  readonly reason: string;
  readonly facts: Facts;
}

/** google.rpc.Status { code = 1, message = 2, details = 3 }, as bytes. */
export function encodeDetails(details: Details): Buffer {
  const info = new BinaryWriter().tag(1, 2).string(details.reason).tag(2, 2).string(DOMAIN);
  for (const [name, value] of Object.entries(details.facts).slice(0, MAX_FACTS)) {
    info.tag(3, 2).fork(); // metadata: map<string, string>
    info.tag(1, 2).string(name.slice(0, MAX_TEXT));
    info.tag(2, 2).string(String(value).slice(0, MAX_TEXT)).join();
  }
  const status = new BinaryWriter().tag(1, 0).int32(details.status);
  status.tag(2, 2).string(details.message);
  status.tag(3, 2).fork(); // Any { type_url = 1, value = 2 }
  status.tag(1, 2).string(ERROR_INFO).tag(2, 2).bytes(info.finish()).join();
  return Buffer.from(status.finish());
}

/** What our own encoding holds, or undefined for anything else: the other side may be a stranger. */
export function decodeDetails(bytes: Uint8Array): Pick<Details, 'reason' | 'facts'> | undefined {
  try {
    for (const any of fieldsOf(bytes).get(3) ?? []) {
      const parts = fieldsOf(any);
      const value = parts.get(2)?.[0];
      if (text(parts.get(1)?.[0]) !== ERROR_INFO || value === undefined) continue;
      const info = fieldsOf(value);
      if (text(info.get(2)?.[0]) !== DOMAIN) continue;
      const facts: Record<string, string | number | boolean> = {};
      for (const entry of (info.get(3) ?? []).slice(0, MAX_FACTS)) {
        const pair = fieldsOf(entry);
        facts[text(pair.get(1)?.[0])] = revive(text(pair.get(2)?.[0]));
      }
      return { reason: text(info.get(1)?.[0]), facts };
    }
  } catch {
    // Malformed bytes are no details; the status code alone still says what happened.
  }
  return undefined;
}

/** Length-delimited fields of a message by number; others are skipped. */
function fieldsOf(bytes: Uint8Array): Map<number, Uint8Array[]> {
  const reader = new BinaryReader(bytes);
  const fields = new Map<number, Uint8Array[]>();
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (wireType !== 2) reader.skip(wireType);
    else fields.set(number, [...(fields.get(number) ?? []), reader.bytes()]);
  }
  return fields;
}

const text = (bytes: Uint8Array | undefined): string =>
  new TextDecoder().decode(bytes ?? new Uint8Array()).slice(0, MAX_TEXT);

/** The map holds strings: what was a number or a truth value becomes one again. */
function revive(value: string): string | number | boolean {
  if (value === 'true' || value === 'false') return value === 'true';
  return value !== '' && String(Number(value)) === value ? Number(value) : value;
}
