/** `sotto budget`: what each peer may still learn of each dataset. */
import { toJson } from '@bufbuild/protobuf';
import type { Command } from 'commander';
import { type Exposure, ListExposuresResponseSchema } from '../../gen/sotto/job/v1/job_pb.ts';
import { type Call, leaf } from '../command.ts';
import { type ConnectionFlags, connectionOptions, withOperator } from '../connection.ts';
import { table } from '../output.ts';

export function budgetCommand(): Command {
  const description = 'what each peer may still learn of each dataset by counts and exclusions';
  return connectionOptions(leaf('budget', description, budget));
}

async function budget({ flags, output }: Call<ConnectionFlags>): Promise<undefined> {
  const response = await withOperator(flags, (operator) => operator.exposures());
  const header = ['dataset', 'peer', 'answers', 'epsilon left', 'exact left', 'rows left'];
  const text = table(header, response.exposures.map(line));
  output.result(
    toJson(ListExposuresResponseSchema, response, { alwaysEmitImplicit: true }),
    response.exposures.length === 0 ? 'no dataset is offered' : text,
  );
}

function line({ dataset, peer, releases, left, budget: whole }: Exposure): string[] {
  const of = (unit: 'epsilon' | 'exact' | 'rows'): string =>
    `${Number((left?.[unit] ?? 0).toPrecision(6))} of ${whole?.[unit] ?? 0}`;
  return [dataset, peer, String(releases), of('epsilon'), of('exact'), of('rows')];
}
