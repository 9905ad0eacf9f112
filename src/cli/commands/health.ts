/** `sotto health`: whether a worker answers; made for a container's health check. */
import type { Command } from 'commander';
import { type Call, leaf } from '../command.ts';
import { type ConnectionFlags, connectionOptions, withOperator } from '../connection.ts';
import { EXIT_JOB_FAILED } from '../exit-codes.ts';

export function healthCommand(): Command {
  return connectionOptions(leaf('health', 'whether a worker answers (grpc.health.v1)', health));
}

async function health({ flags, output }: Call<ConnectionFlags>): Promise<number> {
  const status = await withOperator(flags, (operator) => operator.health());
  output.result({ status }, status);
  return status === 'SERVING' ? 0 : EXIT_JOB_FAILED;
}
