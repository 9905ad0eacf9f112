/** The compute that has no threads: tasks run one after another where they are asked for. */
import { SottoError } from '../base/errors.ts';
import type { Compute, RunOptions, TaskInput, TaskName, TaskOutput } from './compute.ts';
import { leave } from './into.ts';
import { prepare, type Tasks, tasks } from './tasks.ts';

/**
 * For tests and small work. Inputs are cloned and transferred as for a thread, so that a task that
 * keeps or changes what is not its own is noticed here too. `replaced` stands in for tasks by name.
 */
export function inlineCompute(replaced: Partial<Tasks> = {}): Compute {
  const functions: Tasks = { ...tasks, ...replaced };
  return {
    threads: 1,
    run: async <N extends TaskName>(
      name: N,
      input: TaskInput<N>,
      { signal, transfer = [], into }: RunOptions = {},
    ): Promise<TaskOutput<N>> => {
      if (!Object.hasOwn(replaced, name)) await prepare(name);
      if (signal?.aborted === true) {
        throw signal.reason instanceof SottoError
          ? signal.reason
          : new SottoError('cancelled', 'cancelled');
      }
      const owned = structuredClone(input, { transfer: [...transfer] });
      const result = (functions[name] as (input: TaskInput<N>) => TaskOutput<N>)(owned);
      return leave(result, into) as TaskOutput<N>;
    },
  };
}
