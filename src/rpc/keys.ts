/** Key files: what a party or an operator keeps, and what it gives away. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lengthPrefixed } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import { freshKey, type Place, type Vault } from '../base/sealed.ts';
import {
  checkName,
  type Identity,
  type Kind,
  readIdentity,
  selfSigned,
  validFor,
} from './certificate.ts';

/** What a party gives to its peers, checked. */
export interface PartyPublic extends Identity {
  /** Ed25519: signs agreements, apart from TLS, so that a signature outlives a connection. */
  readonly signingKey: KeyObject;
  /** Sixteen groups of four hex digits over both keys: to be compared by phone. */
  readonly fingerprint: string;
}

/** What a party keeps, and what its peers have of it. */
export interface PartyKeys {
  readonly public: PartyPublic;
  /** PKCS #8 in PEM, for TLS. */
  readonly tlsKey: string;
  readonly signingKey: KeyObject;
}

/** What an operator keeps. It signs nothing but its TLS handshakes. */
export interface OperatorKeys {
  readonly public: OperatorPublic;
  readonly tlsKey: string;
}

export interface OperatorPublic extends Identity {
  readonly fingerprint: string;
}

export interface KeyOptions {
  readonly now?: Date;
  /** Days until the certificate expires: 730 for a party, 365 for an operator. */
  readonly days?: number;
}

const PARTY_DAYS = 730;
const OPERATOR_DAYS = 365;
/** A PEM file of ours is about 1 KiB: this bounds what a wrong path can make us read. */
const MAX_FILE_BYTES = 64 * 1024;

export const keyFile = (directory: string, name: string): string =>
  join(directory, `${name}.key.pem`);
/** Instead of it, the same keys sealed by the worker's vault; see `sotto keys wrap`. */
export const sealedKeyFile = (directory: string, party: string): string =>
  join(directory, `${party}.key.sealed`);
export const keyPlace = (party: string): Place => ({ purpose: 'party-keys', job: party });
/** The key that wraps what a worker stores; see base/sealed.ts. */
export const wrappingKeyFile = (directory: string, party: string): string =>
  join(directory, `${party}.wrap.key`);
export const publicFile = (directory: string, name: string): string =>
  join(directory, `${name}.public.pem`);

/**
 * Makes a party's keys: `<party>.key.pem` (mode 0600: both private keys) and `<party>.public.pem`
 * (certificate and signing key, to give to the peer). Fails with `already-exists` rather than
 * replace a file: a lost key cannot be made again.
 */
export async function initKeys(
  party: string,
  directory: string,
  options: KeyOptions = {},
): Promise<PartyPublic> {
  checkName('party', party);
  const validity = validFor(options.days ?? PARTY_DAYS, options.now ?? new Date());
  const { certificatePem, keyPem } = await selfSigned('party', party, validity);
  const signing = generateKeyPairSync('ed25519');
  const publicPem = certificatePem + signing.publicKey.export({ type: 'spki', format: 'pem' });
  const privatePem = keyPem + signing.privateKey.export({ type: 'pkcs8', format: 'pem' });
  await store(directory, party, privatePem, publicPem);
  await initWrappingKey(wrappingKeyFile(directory, party));
  return readPublic(publicPem);
}

/**
 * Makes an operator's keys, in files named alike. Its role is not in them: what an operator may do
 * is for the worker's configuration to say, not for the operator.
 */
export async function initOperator(
  name: string,
  directory: string,
  options: KeyOptions = {},
): Promise<OperatorPublic> {
  checkName('operator', name);
  const validity = validFor(options.days ?? OPERATOR_DAYS, options.now ?? new Date());
  const { certificatePem, keyPem } = await selfSigned('operator', name, validity);
  await store(directory, name, keyPem, certificatePem);
  return readOperator(certificatePem);
}

/** A fresh wrapping key as 64 hex digits in a file of mode 0600. @throws already-exists */
export async function initWrappingKey(file: string): Promise<void> {
  using key = freshKey();
  const digits = `${Buffer.from(key.bytes).toString('hex')}\n`;
  try {
    await writeFile(file, digits, { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    throw new SottoError('already-exists', 'the key file exists', { file }, { cause });
  }
}

async function store(
  directory: string,
  name: string,
  privatePem: string,
  publicPem: string,
): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const files = [keyFile(directory, name), publicFile(directory, name)] as const;
  const others = [wrappingKeyFile(directory, name), sealedKeyFile(directory, name)];
  for (const file of [...files, ...others]) {
    if (existsSync(file)) throw new SottoError('already-exists', 'the key file exists', { file });
  }
  // 'wx' again, as somebody may have been faster than the look above.
  await writeFile(files[0], privatePem, { flag: 'wx', mode: 0o600 });
  await writeFile(files[1], publicPem, { flag: 'wx', mode: 0o644 });
}

/** A party's public file, as text: one certificate and one Ed25519 public key. */
export function readPublic(pem: string): PartyPublic {
  const identity = readIdentity('party', oneBlock(pem, 'CERTIFICATE'));
  const signingKey = readKey(oneBlock(pem, 'PUBLIC KEY'), createPublicKey, 'signing key');
  if (signingKey.asymmetricKeyType !== 'ed25519') {
    throw new SottoError('invalid-argument', 'the signing key must be Ed25519', {
      field: 'signing key',
      found: signingKey.asymmetricKeyType ?? 'none',
    });
  }
  return { ...identity, signingKey, fingerprint: fingerprint(identity, signingKey) };
}

/** An operator's public file, as text: one certificate. */
export function readOperator(pem: string): OperatorPublic {
  const identity = readIdentity('operator', oneBlock(pem, 'CERTIFICATE'));
  return { ...identity, fingerprint: fingerprint(identity) };
}

/**
 * A party's own keys, from the two files of `initKeys`, or with the private one sealed by the vault.
 * @throws invalid-argument where the private file is there both ways: which one counts is not for us to say.
 */
export async function readPrivate(
  directory: string,
  party: string,
  vault?: Vault,
): Promise<PartyKeys> {
  const [plain, sealed] = [keyFile(directory, party), sealedKeyFile(directory, party)];
  if (!existsSync(sealed)) return await privateFrom(directory, party, await readSecretPem(plain));
  if (existsSync(plain)) {
    const message = 'the private keys are there both plain and sealed: `sotto keys wrap` mends it';
    throw new SottoError('invalid-argument', message, { plain, sealed });
  }
  if (vault === undefined) {
    throw new SottoError('invalid-argument', 'the private keys are sealed by a vault', { sealed });
  }
  const pem = Buffer.from(vault.open(await readFile(sealed), keyPlace(party))).toString();
  return await privateFrom(directory, party, pem);
}

/** The keys in that text, if they belong to the party's public file. */
export async function privateFrom(
  directory: string,
  party: string,
  privatePem: string,
): Promise<PartyKeys> {
  checkName('party', party);
  const found = readPublic(await readPem(publicFile(directory, party)));
  const blocks = blocksOf(privatePem, 'PRIVATE KEY');
  const [tlsKey, signingPem] = blocks;
  if (blocks.length !== 2 || tlsKey === undefined || signingPem === undefined) {
    throw new SottoError('invalid-argument', 'the key file must hold two private keys', {
      file: keyFile(directory, party),
      expected: 2,
      found: blocks.length,
    });
  }
  const signingKey = readKey(signingPem, createPrivateKey, 'signing key');
  checkOwn(found, 'party', party, tlsKey);
  if (!createPublicKey(signingPem).equals(found.signingKey)) throw mismatch('signing key', party);
  return { public: found, tlsKey, signingKey };
}

/** An operator's own keys, from the two files of `initOperator`. */
export async function readOperatorKeys(directory: string, name: string): Promise<OperatorKeys> {
  checkName('operator', name);
  const found = readOperator(await readPem(publicFile(directory, name)));
  const tlsKey = oneBlock(await readSecretPem(keyFile(directory, name)), 'PRIVATE KEY');
  checkOwn(found, 'operator', name, tlsKey);
  return { public: found, tlsKey };
}

function checkOwn(identity: Identity, kind: Kind, name: string, tlsKey: string): void {
  if (identity.name !== name) {
    throw new SottoError('invalid-argument', `the public file belongs to another ${kind}`, {
      expected: name,
      found: identity.name,
    });
  }
  const key = readKey(tlsKey, createPrivateKey, 'TLS key');
  if (!identity.certificate.checkPrivateKey(key)) throw mismatch('TLS key', name);
}

const mismatch = (field: string, name: string): SottoError =>
  new SottoError('invalid-argument', 'the private key does not belong to the public file', {
    field,
    name,
  });

function readKey(pem: string, read: (pem: string) => KeyObject, field: string): KeyObject {
  try {
    return read(pem);
  } catch (cause) {
    throw new SottoError('invalid-argument', `the ${field} cannot be read`, { field }, { cause });
  }
}

/** SHA-256 over both subject public key infos: whoever replaced either would change it. */
function fingerprint(identity: Identity, signingKey?: KeyObject): string {
  const spki = (key: KeyObject): Uint8Array => key.export({ type: 'spki', format: 'der' });
  const keys = [spki(identity.certificate.publicKey)];
  if (signingKey !== undefined) keys.push(spki(signingKey));
  const fields = ['sotto fingerprint 1', identity.kind, identity.name, ...keys];
  const digest = createHash('sha256')
    .update(lengthPrefixed(...fields))
    .digest('hex');
  return (digest.match(/.{4}/g) ?? []).join(' ');
}

function blocksOf(pem: string, label: string): string[] {
  const block = new RegExp(`-----BEGIN ${label}-----[A-Za-z0-9+/=\\s]+-----END ${label}-----`, 'g');
  return (pem.match(block) ?? []).map((text) => `${text}\n`);
}

function oneBlock(pem: string, label: string): string {
  const blocks = blocksOf(pem, label);
  const [block] = blocks;
  if (blocks.length === 1 && block !== undefined) return block;
  throw new SottoError('invalid-argument', `the file must hold one ${label}`, {
    field: label,
    expected: 1,
    found: blocks.length,
  });
}

async function readPem(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size <= MAX_FILE_BYTES) return await readFile(file, 'utf8');
    throw new SottoError('invalid-argument', 'the key file is too long', { file, bytes: size });
  } catch (cause) {
    if (cause instanceof SottoError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    const facts = { file, reason: code ?? 'unknown' };
    throw new SottoError('not-found', 'the key file cannot be read', facts, { cause });
  }
}

/** A private file that everybody on the machine may read is no secret any more. */
export async function readSecretPem(file: string): Promise<string> {
  const pem = await readPem(file);
  const { mode } = await stat(file);
  if ((mode & 0o007) === 0) return pem;
  throw new SottoError(
    'permission-denied',
    'the private key file is open to every user: chmod 600',
    {
      file,
      mode: (mode & 0o777).toString(8),
    },
  );
}
