/** `buf curl` as a client: written in Go, with a TLS and an HTTP/2 that are not Node's. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { hostNameOf } from '../../src/rpc/certificate.ts';
import type { KeyFolder } from '../support/certificates.ts';

export interface BufCurlOptions {
  readonly keys: KeyFolder;
  readonly party: string;
  /** "host:port" */
  readonly address: string;
}

export interface Answer {
  /** The gRPC code in lower case, "ok" for none. */
  readonly code: string;
  /** The last message of the answer, parsed. */
  readonly response: unknown;
}

const root = join(import.meta.dirname, '..', '..');
const BUF = join(root, 'node_modules', '.bin', 'buf');
const TIMEOUT_MS = 30_000;

export class BufCurl {
  readonly tool = 'buf curl';
  readonly #options: BufCurlOptions;

  constructor(options: BufCurlOptions) {
    this.#options = options;
  }

  /** Names of the services that reflection lists. */
  async services(as: string): Promise<string[]> {
    return linesOf(await this.#run([...this.#identity(as), '--list-services', this.#url('')]));
  }

  /** "service/Method" of each method that reflection describes. */
  async methods(as: string): Promise<string[]> {
    return linesOf(await this.#run([...this.#identity(as), '--list-methods', this.#url('')]));
  }

  /** Calls by the schema that reflection gives, or by ours for those who get no answer from it. */
  async call(as: string, method: string, request: object): Promise<Answer> {
    const known = ['vera', 'sam', 'ann'].includes(as);
    const schema = known ? [] : ['--schema', join(root, 'proto')];
    const data = ['--data', JSON.stringify(request)];
    const run = await this.#run([...this.#identity(as), ...schema, ...data, this.#url(method)]);
    // A failed call exits with its code, shifted by three; below that buf itself failed.
    const number = run.exit >> 3;
    if (run.exit !== 0 && number === 0) throw new Error(`buf curl failed: ${run.stderr}`);
    const messages = run.stdout.split(/(?<=^\})\n/m).filter((text) => text.trim() !== '');
    const last = messages.at(-1);
    return {
      code: (status[number] ?? 'unknown').toLowerCase(),
      response: last === undefined || number !== 0 ? undefined : JSON.parse(last),
    };
  }

  #url(method: string): string {
    return `https://${this.#options.address}/${method}`;
  }

  #identity(as: string): string[] {
    const { keys, party } = this.#options;
    const server = ['--cacert', keys.files(party).certificate, '--servername', hostNameOf(party)];
    if (as === 'nobody') return server;
    const { certificate, key } = keys.files(as);
    return [...server, '--cert', certificate, '--key', key];
  }

  #run(args: readonly string[]): Promise<{ exit: number; stdout: string; stderr: string }> {
    return new Promise((resolve) => {
      const all = ['curl', '--protocol', 'grpc', ...args];
      execFile(BUF, all, { cwd: root, timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code;
        resolve({ exit: typeof code === 'number' ? code : 1, stdout, stderr });
      });
    });
  }
}

function linesOf(run: {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}): string[] {
  if (run.exit !== 0) throw new Error(`buf curl failed: ${run.stderr}`);
  return run.stdout.split('\n').filter((line) => line !== '');
}
