/** A party that writes down all it computes: with its messages and coins that is its whole view. */
import type {
  Compute,
  RunOptions,
  TaskInput,
  TaskName,
  TaskOutput,
} from '../../../src/compute/compute.ts';
import { inlineCompute } from '../../../src/compute/inline.ts';
import { leave } from '../../../src/compute/into.ts';

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

  async run<N extends TaskName>(
    name: N,
    input: TaskInput<N>,
    { into }: RunOptions = {},
  ): Promise<TaskOutput<N>> {
    const given = snapshot(input);
    const compute = () => this.#inner.run(name, structuredClone(input));
    const output = this.#careless ? await this.#careless(name, input, compute) : await compute();
    this.seen.push({ name, input: given, output: snapshot(output) });
    return leave(output, into) as TaskOutput<N>;
  }
}

/** A copy to keep: buffers are written again, and wiped, later on, and shared ones are not cloned. */
function snapshot(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return (value as Uint8Array).slice();
  if (Array.isArray(value)) return value.map(snapshot);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, snapshot(field)]));
}
