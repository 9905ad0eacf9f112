/** `sotto models`: this party's halves of trained models. */
import { writeFile } from 'node:fs/promises';
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
}

export function modelsCommand(): Command {
  const commands = [
    leaf<ListFlags>('list', 'halves of models that this worker holds, newest first', list)
      .option('--page-size <n>', 'at most so many (1 to 100)')
      .option('--page-token <token>', 'where the last page ended'),
    leaf<ShowFlags>('show <id>', 'one model: columns, metrics, expiry', show).option(
      '--save <file>',
      "save this party's half (weights and preprocessing) as JSON",
    ),
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
  if (flags.save !== undefined) await writeFile(flags.save, content, { mode: 0o600 });
  output.result(
    model === undefined ? {} : toJson(ModelSchema, model),
    modelText(model, flags.save),
  );
}

function modelText(model: Model | undefined, saved: string | undefined): string {
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
  if (saved !== undefined) lines.push(`  saved ${saved}`);
  return lines.join('\n');
}

function dateText(time: Model['expireTime']): string {
  return time === undefined ? 'never' : timestampDate(time).toISOString().slice(0, 10);
}

async function remove({ flags, args, output }: Call<ConnectionFlags>): Promise<undefined> {
  await withOperator(flags, (operator) => operator.models.delete(args[0]!));
  output.result({ deleted: args[0] }, `deleted ${args[0]}`);
}
