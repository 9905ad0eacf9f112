/** A party that writes down all it computes: with its messages and coins that is its whole view. */
import type { Compute, TaskInput, TaskName, TaskOutput } from '../../../src/compute/compute.ts';
import { inlineCompute } from '../../../src/compute/inline.ts';

export interface Observed {
  readonly name: TaskName;
  readonly input: unknown;
  readonly output: unknown;
}

/** Changes what a task gives, to make a party careless. */
export type Careless = (
  name: TaskName,
  input: unknown,
  compute: () => Promise<unknown>,
) => Promise<unknown>;

/** Computes as `inlineCompute`, and remembers each task with what it was given and what it gave. */
export class ObservedCompute implements Compute {
  readonly threads = 1;
  readonly seen: Observed[] = [];
  readonly #inner = inlineCompute();
  readonly #careless: Careless | undefined;

  constructor(careless?: Careless) {
    this.#careless = careless;
  }

  async run<N extends TaskName>(name: N, input: TaskInput<N>): Promise<TaskOutput<N>> {
    const compute = () => this.#inner.run(name, structuredClone(input));
    const output = this.#careless ? await this.#careless(name, input, compute) : await compute();
    // Copies: buffers are written again, and wiped, later on.
    this.seen.push({ name, input: structuredClone(input), output: structuredClone(output) });
    return output as TaskOutput<N>;
  }
}
