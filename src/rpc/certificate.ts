/** X.509 certificates of parties and operators: made here, and checked here before anybody is believed. */
import { createHash, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { SottoError } from '../base/errors.ts';
import { writeCertificate } from './x509.ts';

/** Who a certificate speaks for: a worker of a company, or a person (or tool) that gives it orders. */
export type Kind = 'party' | 'operator';

/** A certificate that was checked, with what is compared on every call. */
export interface Identity {
  readonly kind: Kind;
  readonly name: string;
  readonly pem: string;
  readonly certificate: X509Certificate;
  /** SHA-256 of the subject public key info, hex: survives a renewal that keeps the key. */
  readonly pin: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const DAY_MS = 86_400_000;
/** Clocks of two companies may differ by this much without a fresh certificate being refused. */
const SKEW_MS = 3_600_000;
const WARNING_DAYS = 30;
/** One DNS label, so that a name can also stand in a host name. */
const NAME = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

export function checkName(kind: Kind, name: string): void {
  if (NAME.test(name)) return;
  throw new SottoError(
    'invalid-argument',
    `the ${kind} name must be 1..63 of a-z, 0-9 and '-', and begin with a letter`,
    { field: kind, length: name.length },
  );
}

const usagesOf = (kind: Kind): string[] =>
  kind === 'party' ? [SERVER_AUTH, CLIENT_AUTH] : [CLIENT_AUTH];

/** What the certificate says it speaks for, e.g. `sotto:party:bank`: a URI, as no host name lasts as long. */
const uriOf = (kind: Kind, name: string): string => `sotto:${kind}:${name}`;

/** For foreign clients that insist on a host name: the name to expect (TLS server name override). */
export const hostNameOf = (party: string): string => `${party}.sotto.internal`;

/** The validity of a new certificate. Both ends may be in the past: that is how a test makes an expired one. */
export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export const validFor = (days: number, now: Date): Validity => ({
  notBefore: new Date(now.getTime() - SKEW_MS),
  notAfter: new Date(now.getTime() + days * DAY_MS),
});

/** A new P-256 key and the certificate it signs for itself: a leaf, which can vouch for nobody else. */
export async function selfSigned(
  kind: Kind,
  name: string,
  validity: Validity,
): Promise<{ certificatePem: string; keyPem: string }> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const fields = {
    commonName: `Sotto ${kind} ${name}`,
    publicKey,
    ...validity,
    uris: [uriOf(kind, name)],
    // A party also serves: generic gRPC clients compare a host name. An operator only ever calls.
    hosts: kind === 'party' ? [hostNameOf(name)] : [],
    usages: usagesOf(kind),
  };
  const certificatePem = await writeCertificate(fields, {
    commonName: fields.commonName,
    privateKey,
  });
  return { certificatePem, keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string };
}

/** SHA-256 of the subject public key info, hex. */
export const pinOf = (certificate: X509Certificate): string =>
  createHash('sha256')
    .update(certificate.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');

/**
 * The identity in a certificate that its owner gave us, or why it is none: `invalid-argument`
 * names the field. An expired one is read all the same: TLS refuses it, and `expiryWarning` says so.
 */
export function readIdentity(kind: Kind, pem: string): Identity {
  const certificate = parse(pem);
  const name = nameIn(certificate, kind);
  const usages = certificate.keyUsage ?? [];
  for (const usage of usagesOf(kind)) {
    if (!usages.includes(usage)) {
      throw new SottoError('invalid-argument', `the certificate may not be used by a ${kind}`, {
        field: 'extendedKeyUsage',
        missing: usage === SERVER_AUTH ? 'serverAuth' : 'clientAuth',
      });
    }
  }
  return {
    kind,
    name,
    pem: certificate.toString(),
    certificate,
    pin: pinOf(certificate),
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
  };
}

function parse(pem: string): X509Certificate {
  try {
    const certificate = new X509Certificate(pem);
    pinOf(certificate); // its key is only read now, and may be none
    return certificate;
  } catch (cause) {
    throw new SottoError(
      'invalid-argument',
      'no X.509 certificate in PEM form',
      { field: 'certificate' },
      { cause },
    );
  }
}

/** The one name of that kind in a certificate; several would let it speak for several. */
export function nameIn(certificate: X509Certificate, kind: Kind): string {
  // Node quotes an entry that holds a comma, so this split cannot be fooled by one.
  const uris = (certificate.subjectAltName ?? '')
    .split(', ')
    .filter((entry) => entry.startsWith('URI:sotto:'))
    .map((entry) => entry.slice('URI:'.length));
  const prefix = uriOf(kind, '');
  const uri = uris[0];
  if (uris.length !== 1 || uri === undefined || !uri.startsWith(prefix)) {
    throw new SottoError('invalid-argument', `the certificate does not name one ${kind}`, {
      field: 'subjectAltName',
      expected: `URI:${prefix}<name>`,
      found: uris.length,
    });
  }
  const name = uri.slice(prefix.length);
  checkName(kind, name);
  return name;
}

/** What an operator should be told about a certificate's validity, or undefined while all is well. */
export function expiryWarning(identity: Identity, now: Date): string | undefined {
  const who = `the certificate of ${identity.kind} ${identity.name}`;
  const days = Math.floor((identity.notAfter.getTime() - now.getTime()) / DAY_MS);
  const day = identity.notAfter.toISOString().slice(0, 10);
  if (identity.notBefore > now)
    return `${who} is not valid before ${identity.notBefore.toISOString()}`;
  if (identity.notAfter < now) return `${who} expired on ${day}`;
  return days < WARNING_DAYS ? `${who} expires on ${day}, in ${days} days` : undefined;
}
