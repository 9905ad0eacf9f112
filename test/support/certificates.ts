/** Keys for tests: proper ones for any names, and certificates that are wrong in one way each. */
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pinOf } from '../../src/rpc/certificate.ts';
import type { OwnTls } from '../../src/rpc/credentials.ts';
import {
  initKeys,
  initOperator,
  keyFile,
  type OperatorKeys,
  type PartyKeys,
  publicFile,
  readOperatorKeys,
  readPrivate,
} from '../../src/rpc/keys.ts';
import { type CertificateFields, writeCertificate } from '../../src/rpc/x509.ts';

export interface KeyFolder extends AsyncDisposable {
  readonly folder: string;
  party(name: string): Promise<PartyKeys>;
  operator(name: string): Promise<OperatorKeys>;
  /** Certificate and key files of a name made here. */
  files(name: string): { readonly certificate: string; readonly key: string };
}

/** A folder of real key files, made when first asked for, deleted in the end. */
export async function keyFolder(): Promise<KeyFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'sotto-keys-'));
  const made = new Set<string>();
  const once = async (name: string, make: (name: string, folder: string) => Promise<unknown>) => {
    if (made.has(name)) return;
    made.add(name);
    await make(name, folder);
  };
  return {
    folder,
    party: async (name) => {
      await once(name, initKeys);
      return await readPrivate(folder, name);
    },
    operator: async (name) => {
      await once(name, initOperator);
      return await readOperatorKeys(folder, name);
    },
    files: (name) => ({ certificate: publicFile(folder, name), key: keyFile(folder, name) }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

const DAY_MS = 86_400_000;
export const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
export const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

export interface Flaw {
  readonly name?: string;
  readonly uris?: readonly string[];
  readonly usages?: readonly string[];
  readonly fromDays?: number;
  readonly untilDays?: number;
  /** Signed by these keys instead of its own. */
  readonly issuer?: PartyKeys;
}

/** TLS keys like a party's but for the flaw; not read by `readIdentity`, which would refuse some. */
export async function flawed(flaw: Flaw): Promise<OwnTls> {
  const name = flaw.name ?? 'data';
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const fields: CertificateFields = {
    commonName: `Sotto party ${name}`,
    publicKey,
    notBefore: new Date(Date.now() + (flaw.fromDays ?? -1) * DAY_MS),
    notAfter: new Date(Date.now() + (flaw.untilDays ?? 30) * DAY_MS),
    uris: flaw.uris ?? [`sotto:party:${name}`],
    hosts: [],
    usages: flaw.usages ?? [SERVER_AUTH, CLIENT_AUTH],
  };
  const { issuer } = flaw;
  const signer =
    issuer === undefined
      ? { commonName: fields.commonName, privateKey }
      : {
          commonName: `Sotto party ${issuer.public.name}`,
          privateKey: createPrivateKey(issuer.tlsKey),
        };
  const pem = await writeCertificate(fields, signer);
  const certificate = new X509Certificate(pem);
  return {
    tlsKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    public: {
      kind: 'party',
      name,
      pem,
      certificate,
      pin: pinOf(certificate),
      notBefore: fields.notBefore,
      notAfter: fields.notAfter,
    },
  };
}

export const textOf = (file: string): Promise<string> => readFile(file, 'utf8');
