/** Writes X.509 v3 certificates (RFC 5280) with a P-256 key: the few fields that Sotto's own need. */
import 'reflect-metadata'; // first: @peculiar/x509 finds its parts by it
import { createPublicKey, type KeyObject } from 'node:crypto';
import * as x509 from '@peculiar/x509';

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

const P256 = { name: 'ECDSA', namedCurve: 'P-256' };

/** The certificate as PEM, a leaf that can vouch for nobody; `issuer.privateKey` is P-256. */
export async function writeCertificate(fields: CertificateFields, issuer: Issuer): Promise<string> {
  const { publicKey } = fields;
  const key = publicKey.type === 'public' ? publicKey : createPublicKey(publicKey);
  const subjectKey = key.toCryptoKey(P256, true, ['verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [{ CN: [fields.commonName] }],
    issuer: [{ CN: [issuer.commonName] }],
    notBefore: fields.notBefore,
    notAfter: fields.notAfter,
    publicKey: subjectKey,
    signingKey: issuer.privateKey.toCryptoKey(P256, false, ['sign']),
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    // Critical but for the names and the key identifier, so that nobody overlooks them.
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([...fields.usages], true),
      new x509.SubjectAlternativeNameExtension([
        ...fields.uris.map((value) => ({ type: 'url' as const, value })),
        ...fields.hosts.map((value) => ({ type: 'dns' as const, value })),
      ]),
      await x509.SubjectKeyIdentifierExtension.create(subjectKey),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}
