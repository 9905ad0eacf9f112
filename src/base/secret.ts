/** The one buffer type that holds a secret: wiped by `using`, and printed as its length only. */
import { inspect } from 'node:util';
import type { Bytes } from './bytes.ts';

export class Secret implements Disposable {
  /** The secret itself. Read it, never keep a copy of it beyond the call. */
  readonly bytes: Bytes;

  /** Takes the buffer over: the caller must not keep it. */
  constructor(bytes: Bytes) {
    this.bytes = bytes;
  }

  [Symbol.dispose](): void {
    this.bytes.fill(0);
  }

  toString(): string {
    return `Secret(${this.bytes.length} bytes)`;
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
