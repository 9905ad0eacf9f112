/** Keys of one stage of one pass: what a share was computed with is never what it is encrypted under. */
import { SottoError } from '../../base/errors.ts';
import type { Compute } from '../../compute/compute.ts';
import type { Ring } from '../../primitives/he/index.ts';

/**
 * The three products of a pass. A party's share after one of them depends on the secret it was decrypted
 * with, and is encrypted for the next: with a key for each, none ever encrypts a function of itself.
 */
export type Stage = 'forward' | 'sigmoid' | 'gradient';

export interface KeyUse {
  readonly pass: number;
  readonly stage: Stage;
}

/** A fresh key pair that serves one stage of one pass, and is wiped after it. */
export class StageKey implements Disposable {
  readonly use: KeyUse;
  readonly ring: Ring;
  /** For the wire. */
  readonly publicKey: Uint8Array;
  readonly #secret: Int8Array;
  #wiped = false;

  private constructor(use: KeyUse, ring: Ring, publicKey: Uint8Array, secret: Int8Array) {
    this.use = use;
    this.ring = ring;
    this.publicKey = publicKey;
    this.#secret = secret;
  }

  static async generate(
    compute: Compute,
    ring: Ring,
    use: KeyUse,
    signal: AbortSignal,
  ): Promise<StageKey> {
    const { publicKey, secret } = await compute.run('generateKey', { ring }, { signal });
    // Shared with the threads that use it, so that there is one copy to wipe.
    const shared = new Int8Array(new SharedArrayBuffer(secret.length));
    shared.set(secret);
    secret.fill(0);
    return new StageKey(use, ring, publicKey, shared);
  }

  /** The secret, for this use only: read, never kept. */
  secretFor(use: KeyUse): Int8Array {
    if (this.#wiped || use.pass !== this.use.pass || use.stage !== this.use.stage) {
      throw new SottoError('internal', 'a key serves one stage of one pass', {
        pass: this.use.pass,
        stage: this.use.stage,
        askedPass: use.pass,
        askedStage: use.stage,
        wiped: this.#wiped,
      });
    }
    return this.#secret;
  }

  [Symbol.dispose](): void {
    this.#wiped = true;
    this.#secret.fill(0);
  }
}
