/** Writes X.509 v3 certificates (RFC 5280) with a P-256 key: the few fields that Sotto's own need, in DER. */
import { createHash, createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto';
import { type Bytes, concat, utf8 } from '../base/bytes.ts';

export interface CertificateFields {
  /** The subject's common name, for people; programs read `uris`. */
  readonly commonName: string;
  readonly publicKey: KeyObject;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Subject alternative names. */
  readonly uris: readonly string[];
  readonly hosts: readonly string[];
  /** Extended key usages, dotted, e.g. "1.3.6.1.5.5.7.3.1". */
  readonly usages: readonly string[];
}

/** Whose signature is under it: itself, in every certificate that Sotto makes. */
export interface Issuer {
  readonly commonName: string;
  readonly privateKey: KeyObject;
}

/** The certificate as PEM, a leaf that can vouch for nobody; `issuer.privateKey` is P-256. */
export function writeCertificate(fields: CertificateFields, issuer: Issuer): string {
  const body = sequence(
    tagged(0xa0, integer(Uint8Array.of(2))), // version 3
    integer(serial()),
    ECDSA_WITH_SHA256,
    nameOf(issuer.commonName),
    sequence(time(fields.notBefore), time(fields.notAfter)),
    nameOf(fields.commonName),
    spkiOf(fields.publicKey),
    tagged(0xa3, sequence(...extensions(fields))),
  );
  const signature = sign('sha256', body, issuer.privateKey);
  const der = sequence(body, ECDSA_WITH_SHA256, bitString(signature, 0));
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** Section 4.2.1: all critical but the names and the key identifier, so that nobody overlooks them. */
function extensions(fields: CertificateFields): Bytes[] {
  const names = [
    ...fields.uris.map((uri) => tagged(0x86, utf8(uri))),
    ...fields.hosts.map((host) => tagged(0x82, utf8(host))),
  ];
  const keyId = createHash('sha256').update(spkiOf(fields.publicKey)).digest().subarray(0, 20);
  return [
    extension('2.5.29.19', sequence(), 'critical'), // basicConstraints: not a CA
    extension('2.5.29.15', bitString(Uint8Array.of(0x80), 7), 'critical'), // digitalSignature
    extension('2.5.29.37', sequence(...fields.usages.map(objectId)), 'critical'),
    extension('2.5.29.17', sequence(...names)),
    extension('2.5.29.14', tagged(0x04, keyId)),
  ];
}

function extension(id: string, value: Uint8Array, critical?: 'critical'): Bytes {
  const flag = critical === undefined ? [] : [tagged(0x01, Uint8Array.of(0xff))];
  return sequence(objectId(id), ...flag, tagged(0x04, value));
}

const spkiOf = (key: KeyObject): Buffer =>
  (key.type === 'public' ? key : createPublicKey(key)).export({ type: 'spki', format: 'der' });

/** Positive, 16 random bytes: section 4.1.2.2 allows 20. */
function serial(): Bytes {
  const bytes = new Uint8Array(randomBytes(16));
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes;
}

const nameOf = (commonName: string): Bytes =>
  sequence(tagged(0x31, sequence(objectId('2.5.4.3'), tagged(0x0c, utf8(commonName)))));

/** Section 4.1.2.5: two digits of the year until 2049, four after. */
function time(date: Date): Bytes {
  const digits = `${date
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replace(/\D/g, '')}Z`;
  return date.getUTCFullYear() < 2050
    ? tagged(0x17, utf8(digits.slice(2)))
    : tagged(0x18, utf8(digits));
}

const integer = (bigEndian: Uint8Array): Bytes => tagged(0x02, bigEndian);
const sequence = (...parts: readonly Uint8Array[]): Bytes => tagged(0x30, concat(...parts));
const bitString = (bytes: Uint8Array, unusedBits: number): Bytes =>
  tagged(0x03, concat(Uint8Array.of(unusedBits), bytes));

function objectId(dotted: string): Bytes {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = rest.flatMap((arc) => {
    const digits = [arc & 0x7f]; // base 128, the high bit set on all but the last
    for (let left = arc >>> 7; left > 0; left >>>= 7) digits.unshift((left & 0x7f) | 0x80);
    return digits;
  });
  return tagged(0x06, Uint8Array.from([first * 40 + second, ...bytes]));
}

/** Tag, length (X.690 §8.1.3: short form below 128), content. */
function tagged(tag: number, content: Uint8Array): Bytes {
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return concat(Uint8Array.from([tag, ...size]), content);
}

const ECDSA_WITH_SHA256 = sequence(objectId('1.2.840.10045.4.3.2'));
