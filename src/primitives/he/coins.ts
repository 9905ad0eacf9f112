/** Uniform bytes for secrets: AES-256 in counter mode (NIST SP 800-38A §6.5) under a key that is never used again. */
import { createCipheriv, randomBytes } from 'node:crypto';

const KEY_BYTES = 32;
const COUNTER_BYTES = 16;

/** A stream of coins for one task, keyed by 32 fresh bytes of the operating system's. */
export class Coins implements Disposable {
  readonly #stream;

  constructor() {
    const key = randomBytes(KEY_BYTES);
    this.#stream = createCipheriv('aes-256-ctr', key, new Uint8Array(COUNTER_BYTES));
    key.fill(0); // OpenSSL has its own copy, and clears it at `final`
  }

  /** Gives the stream's next bytes to `use`, once, and wipes them after. */
  spend<T>(length: number, use: (bytes: Uint8Array) => T): T {
    const bytes = this.#stream.update(new Uint8Array(length));
    try {
      return use(bytes);
    } finally {
      bytes.fill(0);
    }
  }

  [Symbol.dispose](): void {
    this.#stream.final();
  }
}
