/** Goal: key files hold what they should, for nobody else, and say clearly what is wrong with them. */
import { sign, verify } from 'node:crypto';
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expiryWarning } from '../../src/rpc/certificate.ts';
import {
  initKeys,
  initOperator,
  keyFile,
  publicFile,
  readOperator,
  readPrivate,
  readPublic,
} from '../../src/rpc/keys.ts';
import { type KeyFolder, keyFolder, textOf } from '../support/certificates.ts';
import { codeOf } from '../support/peer-pair.ts';

let keys: KeyFolder;
beforeAll(async () => {
  keys = await keyFolder();
  await keys.party('bank');
});
afterAll(() => keys[Symbol.asyncDispose]());

test('the private file is for its owner alone, and nothing of it is in the public one', async () => {
  const { certificate, key } = keys.files('bank');
  expect((await stat(key)).mode & 0o777).toBe(0o600);
  expect(await textOf(certificate)).not.toContain('PRIVATE');
  expect(await textOf(key)).not.toContain('CERTIFICATE');
});

test('the signing key signs what the public file verifies', async () => {
  const own = await keys.party('bank');
  const theirs = readPublic(await textOf(keys.files('bank').certificate));
  const message = Buffer.from('agreed');
  const signature = sign(null, message, own.signingKey);
  expect(verify(null, message, theirs.signingKey, signature)).toBe(true);
});

test('the fingerprint is sixteen groups of four hex digits, over both keys', async () => {
  const one = await keys.party('bank');
  const two = await initKeys('bank', `${keys.folder}/second`);
  expect(one.public.fingerprint).toMatch(/^([0-9a-f]{4} ){15}[0-9a-f]{4}$/);
  expect(two.fingerprint).not.toBe(one.public.fingerprint);
  const pem = one.public.pem + two.signingKey.export({ type: 'spki', format: 'pem' });
  expect(readPublic(pem).fingerprint).not.toBe(one.public.fingerprint);
});

test('no key file is ever overwritten', async () => {
  const before = await textOf(keys.files('bank').key);
  expect(await codeOf(initKeys('bank', keys.folder))).toBe('already-exists');
  expect(await codeOf(initOperator('bank', keys.folder))).toBe('already-exists');
  expect(await textOf(keys.files('bank').key)).toBe(before);
});

test('a name that is no host label is refused', async () => {
  for (const name of ['', 'Bank', '1bank', 'bank-', 'a/b', '../x', 'a'.repeat(64)]) {
    expect(await codeOf(initKeys(name, keys.folder))).toBe('invalid-argument');
  }
});

test('a private file that all may read is refused', async () => {
  await initKeys('lax', keys.folder);
  await chmod(keyFile(keys.folder, 'lax'), 0o644);
  expect(await codeOf(readPrivate(keys.folder, 'lax'))).toBe('permission-denied');
});

test('keys that do not belong together, and files of others, are refused', async () => {
  await initKeys('one', keys.folder);
  await initKeys('two', keys.folder);
  expect(await codeOf(readPrivate(keys.folder, 'absent'))).toBe('not-found');
  const [one, two] = await Promise.all(
    ['one', 'two'].map((name) => readFile(keyFile(keys.folder, name), 'utf8')),
  );
  const blocks = (text: string): string[] => text.split(/(?<=-----END PRIVATE KEY-----\n)/);
  await writeFile(keyFile(keys.folder, 'one'), blocks(one!)[0]! + blocks(two!)[1]!);
  expect(await codeOf(readPrivate(keys.folder, 'one'))).toBe('invalid-argument');
  await writeFile(keyFile(keys.folder, 'one'), blocks(one!)[0]!);
  expect(await codeOf(readPrivate(keys.folder, 'one'))).toBe('invalid-argument');
  await writeFile(publicFile(keys.folder, 'two'), await textOf(keys.files('bank').certificate));
  expect(await codeOf(readPrivate(keys.folder, 'two'))).toBe('invalid-argument');
});

test('what is no public file is refused with the field named', async () => {
  const operator = await keys.operator('ann');
  const bank = await textOf(keys.files('bank').certificate);
  expect(() => readPublic('')).toThrow(
    expect.objectContaining({ facts: expect.objectContaining({ field: 'CERTIFICATE' }) }),
  );
  expect(() => readPublic(operator.public.pem)).toThrow(/party/);
  expect(() => readOperator(bank)).toThrow(/operator/);
  expect(() => readPublic(bank + bank)).toThrow(
    expect.objectContaining({ facts: expect.objectContaining({ found: 2 }) }),
  );
  expect(() => readPublic(bank.replace(/MII.{20}/, 'MIIAAAAAAAAAAAAAAAAAAAAA'))).toThrow(/X\.509/);
});

test('a certificate whose key is on no curve is refused with the field named', async () => {
  const { public: own } = await keys.party('bank');
  const der = Buffer.from(own.certificate.raw);
  der[der.indexOf('06082a8648ce3d030107', 'hex') + 9] = 0x7f; // the last number of the curve's name
  const lines = der
    .toString('base64')
    .match(/.{1,64}/g)!
    .join('\n');
  const pem = `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
  const signing = own.signingKey.export({ type: 'spki', format: 'pem' });
  expect(() => readPublic(pem + signing)).toThrow(
    expect.objectContaining({ code: 'invalid-argument', facts: { field: 'certificate' } }),
  );
});

test('a certificate warns thirty days before it ends, and after', async () => {
  const { public: bank } = await keys.party('bank');
  const days = (count: number): Date => new Date(bank.notAfter.getTime() - count * 86_400_000);
  expect(expiryWarning(bank, days(31))).toBeUndefined();
  expect(expiryWarning(bank, days(12))).toMatch(/party bank expires on .*, in 12 days/);
  expect(expiryWarning(bank, days(-1))).toMatch(/expired/);
  expect(expiryWarning(bank, days(3_000))).toMatch(/not valid before/);
});

test('a certificate of a century to come is written so that it can be read', async () => {
  const made = await initKeys('late', keys.folder, { now: new Date('2061-03-04T05:06:07Z') });
  expect(made.notBefore.toISOString()).toBe('2061-03-04T04:06:07.000Z');
});
