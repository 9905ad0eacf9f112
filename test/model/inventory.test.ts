import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { freshKey, Vault } from '../../src/base/sealed.ts';
import { Inventory } from '../../src/model/inventory.ts';
import { sampleHalf } from '../support/sample-half.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const VAULT = new Vault(freshKey());

/** Models m-1 (oldest) to m-n. */
async function filled(models: number): Promise<{ inventory: Inventory; folder: string }> {
  const folder = join(temporaryFolder(), 'models');
  const inventory = new Inventory(folder, VAULT);
  for (let index = 1; index <= models; index++) {
    const createdAt = new Date(Date.UTC(2026, 0, index)).toISOString();
    await inventory.save(sampleHalf({ id: `m-${index}`, createdAt }));
  }
  return { inventory, folder };
}

test('a saved model is loaded again, also by another process that opens the folder', async () => {
  const { inventory, folder } = await filled(1);
  const half = await inventory.load('m-1');
  expect(half.id).toBe('m-1');
  expect(await new Inventory(folder, VAULT).load('m-1')).toEqual(half);
  expect(readdirSync(join(folder, 'm-1'))).toEqual(['half.sealed']);
});

test('nothing of a model can be read from its file, which opens for no other model', async () => {
  const { inventory, folder } = await filled(2);
  const file = (id: string): string => join(folder, id, 'half.sealed');
  const content = readFileSync(file('m-1'));
  for (const word of ['sotto', 'weights', ...(await inventory.load('m-1')).columns]) {
    expect(content.includes(word)).toBe(false);
  }
  copyFileSync(file('m-2'), file('m-1'));
  await expect(inventory.load('m-1')).rejects.toMatchObject({ code: 'verification-failed' });
});

test('only the owner can read what is saved', async () => {
  const { folder } = await filled(1);
  expect(statSync(folder).mode & 0o077).toBe(0);
  expect(statSync(join(folder, 'm-1', 'half.sealed')).mode & 0o077).toBe(0);
});

test('a model is never overwritten', async () => {
  const { inventory } = await filled(1);
  await expect(inventory.save(sampleHalf({ id: 'm-1' }))).rejects.toMatchObject({
    code: 'already-exists',
  });
});

test('an expired model can be shown, and is refused for scoring', async () => {
  const { inventory } = await filled(1);
  const expiry = Date.parse((await inventory.load('m-1')).expiresAt);
  expect((await inventory.loadCurrent('m-1', expiry - 1)).id).toBe('m-1');
  await expect(inventory.loadCurrent('m-1', expiry)).rejects.toMatchObject({
    code: 'permission-denied',
    facts: { model: 'm-1' },
  });
});

describe('lists', () => {
  test('an inventory without a folder has no models', async () => {
    const inventory = new Inventory(join(temporaryFolder(), 'none'), VAULT);
    expect(await inventory.list(0, '')).toEqual({ models: [], nextPageToken: '' });
  });

  test('show the newest first, page by page, each once', async () => {
    const { inventory } = await filled(5);
    const seen: string[][] = [];
    let token = '';
    do {
      const page = await inventory.list(2, token);
      seen.push(page.models.map(({ id }) => id));
      token = page.nextPageToken;
    } while (token !== '');
    expect(seen).toEqual([['m-5', 'm-4'], ['m-3', 'm-2'], ['m-1']]);
  });

  test('go on where they were when a model of the page before is deleted', async () => {
    const { inventory } = await filled(4);
    const first = await inventory.list(2, '');
    await inventory.delete('m-3');
    const second = await inventory.list(2, first.nextPageToken);
    expect(second.models.map(({ id }) => id)).toEqual(['m-2', 'm-1']);
  });

  test('show what a model is, not its weights', async () => {
    const { inventory } = await filled(1);
    const [model] = (await inventory.list(0, '')).models;
    expect(model).toEqual({
      id: 'm-1',
      jobId: 'job-1',
      role: 'active',
      peer: 'company',
      purpose: 'credit-risk',
      columns: ['Income', 'Assets', 'Year', 'Home'],
      metrics: { auc: 0.8, ks: 0.5 },
      createdAt: '2026-01-01T00:00:00.000Z',
      expiresAt: '2027-11-22T08:00:00.000Z',
    });
  });

  test.each(['x', 'bm90IGEga2V5', '='])('refuse the token %s', async (token) => {
    const { inventory } = await filled(0);
    await expect(inventory.list(0, token)).rejects.toMatchObject({
      facts: { field: 'page_token' },
    });
  });

  test.each([-1, 101, 1.5])('refuse a page size of %d', async (size) => {
    const { inventory } = await filled(0);
    await expect(inventory.list(size, '')).rejects.toMatchObject({ facts: { field: 'page_size' } });
  });

  test('name the model whose file is wrong', async () => {
    const { folder } = await filled(1);
    const wrong = VAULT.seal(utf8('{}'), { purpose: 'model', job: 'm-1' });
    writeFileSync(join(folder, 'm-1', 'half.sealed'), wrong);
    await expect(new Inventory(folder, VAULT).list(0, '')).rejects.toMatchObject({
      facts: { model: 'm-1', field: 'format' },
    });
  });
});

describe('deleting', () => {
  test('removes every file, and the model is not found any more', async () => {
    const { inventory, folder } = await filled(2);
    await inventory.list(0, '');
    await inventory.delete('m-1');
    expect(readdirSync(folder)).toEqual(['m-2']);
    await expect(inventory.load('m-1')).rejects.toMatchObject({ code: 'not-found' });
    await expect(inventory.delete('m-1')).rejects.toMatchObject({ code: 'not-found' });
    expect((await inventory.list(0, '')).models.map(({ id }) => id)).toEqual(['m-2']);
  });

  test('what a crash left of a save or of a deletion is no model, and can be saved over', async () => {
    const { inventory, folder } = await filled(1);
    mkdirSync(join(folder, 'm-9'));
    writeFileSync(join(folder, 'm-9', 'model.json'), '{');
    expect((await inventory.list(0, '')).models.map(({ id }) => id)).toEqual(['m-1']);
    await inventory.save(sampleHalf({ id: 'm-9' }));
    expect((await inventory.load('m-9')).id).toBe('m-9');
  });
});

test.each(['../m-1', '.', '..', 'm-1/half.json', '', 'M'])('the id %j is no model', async (id) => {
  const { inventory } = await filled(1);
  await expect(inventory.load(id)).rejects.toMatchObject({ code: 'not-found' });
  await expect(inventory.delete(id)).rejects.toMatchObject({ code: 'not-found' });
});
