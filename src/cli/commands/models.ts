/** `sotto models`: this party's halves of trained models. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toJson } from '@bufbuild/protobuf';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import type { Command } from 'commander';
import {
  ListModelsResponseSchema,
  type Model,
  ModelSchema,
} from '../../gen/sotto/job/v1/job_pb.ts';
import { type Call, group, leaf } from '../command.ts';
import { type ConnectionFlags, connectionOptions, withOperator } from '../connection.ts';
import { table } from '../output.ts';
import { pageSize } from './job.ts';

interface ListFlags extends ConnectionFlags {
  readonly pageSize?: string;
  readonly pageToken?: string;
}

interface ShowFlags extends ConnectionFlags {
  readonly save?: string;
  readonly layersModel?: string;
}

export function modelsCommand(): Command {
  const commands = [
    leaf<ListFlags>('list', 'halves of models that this worker holds, newest first', list)
      .option('--page-size <n>', 'at most so many (1 to 100)')
      .option('--page-token <token>', 'where the last page ended'),
    leaf<ShowFlags>('show <id>', 'one model: columns, metrics, expiry', show)
      .option('--save <file>', "save this party's half (weights and preprocessing) as JSON")
      .option('--layers-model <folder>', 'save it as a TensorFlow.js LayersModel'),
    leaf(
      'delete <id>',
      "delete this party's half: nobody can score with the model any more",
      remove,
    ),
  ];
  return group('models', "this party's halves of trained models", commands.map(connectionOptions));
}

async function list({ flags, output }: Call<ListFlags>): Promise<undefined> {
  const size = pageSize(flags.pageSize);
  const page = await withOperator(flags, (operator) =>
    operator.models.list(size, flags.pageToken ?? ''),
  );
  const rows = page.models.map((model) => [
    model.id,
    model.role,
    model.peer,
    model.purpose,
    String(model.columns.length),
    dateText(model.expireTime),
  ]);
  const more = page.nextPageToken === '' ? '' : `\nmore: --page-token ${page.nextPageToken}`;
  const header = ['id', 'role', 'peer', 'purpose', 'columns', 'expires'];
  const text = rows.length === 0 ? 'no models' : table(header, rows) + more;
  output.result(toJson(ListModelsResponseSchema, page), text);
}

async function show({ flags, args, output }: Call<ShowFlags>): Promise<undefined> {
  const { model, content } = await withOperator(flags, (operator) => operator.models.get(args[0]!));
  const saved: string[] = [];
  if (flags.save !== undefined) {
    await writeFile(flags.save, content, { mode: 0o600 });
    saved.push(flags.save);
  }
  if (flags.layersModel !== undefined) {
    saved.push(...(await saveLayersModel(content, flags.layersModel)));
  }
  output.result(model === undefined ? {} : toJson(ModelSchema, model), modelText(model, saved));
}

/** Loaded only here: TensorFlow.js takes a second. */
async function saveLayersModel(content: Uint8Array, folder: string): Promise<string[]> {
  const { parseHalf } = await import('../../model/half.ts');
  const { layersModelFiles } = await import('../../model/layers-model.ts');
  const files = Object.entries(
    await layersModelFiles(parseHalf(Buffer.from(content).toString())),
  ).map(([name, bytes]) => [join(folder, name), bytes] as const);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const [file, bytes] of files) await writeFile(file, bytes, { mode: 0o600 });
  return files.map(([file]) => file);
}

function modelText(model: Model | undefined, saved: readonly string[]): string {
  if (model === undefined) return 'no model';
  const lines = [
    model.id,
    `  ${model.role}, with ${model.peer}, purpose ${model.purpose}`,
    `  trained by job ${model.jobId}, expires ${dateText(model.expireTime)}`,
    `  columns: ${model.columns.join(', ')}`,
    ...Object.entries(model.metrics ?? {})
      .filter(([, value]) => typeof value === 'number')
      .map(([name, value]) => `  ${name}: ${value}`),
  ];
  lines.push(...saved.map((file) => `  saved ${file}`));
  return lines.join('\n');
}

function dateText(time: Model['expireTime']): string {
  return time === undefined ? 'never' : timestampDate(time).toISOString().slice(0, 10);
}

async function remove({ flags, args, output }: Call<ConnectionFlags>): Promise<undefined> {
  await withOperator(flags, (operator) => operator.models.delete(args[0]!));
  output.result({ deleted: args[0] }, `deleted ${args[0]}`);
}
