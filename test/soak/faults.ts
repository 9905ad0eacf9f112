/** What goes wrong around a bank's worker that is never killed. */
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { WorkerProcess } from '../../src/cli/demo/processes.ts';
import type { SoakSites } from './sites.ts';

export class Faults {
  readonly #sites: SoakSites;
  readonly #bank: WorkerProcess;
  #company: WorkerProcess;
  #count = 0;

  constructor(sites: SoakSites, bank: WorkerProcess, company: WorkerProcess) {
    this.#sites = sites;
    this.#bank = bank;
    this.#company = company;
  }

  get count(): number {
    return this.#count;
  }

  /** The next of all kinds in turn; resolves when it is over, and both workers run again. */
  async next(): Promise<void> {
    const kinds = [this.#reset, this.#killed, this.#stopped, this.#noise, this.#told];
    await kinds[this.#count % kinds.length]!.call(this);
    this.#count += 1;
  }

  async #reset(): Promise<void> {
    this.#sites.proxy.reset();
  }

  async #killed(): Promise<void> {
    this.#company.process.kill('SIGKILL');
    await this.#startAgain();
  }

  async #told(): Promise<void> {
    this.#company.process.kill('SIGTERM');
    await new Promise((resolve) => this.#company.process.once('close', resolve));
    await this.#startAgain();
  }

  async #startAgain(): Promise<void> {
    this.#company = await this.#sites.sites.start('company', `-${this.#count}`);
  }

  async #stopped(): Promise<void> {
    this.#bank.process.kill('SIGSTOP');
    await pause(1_000);
    this.#bank.process.kill('SIGCONT');
  }

  async #noise(): Promise<void> {
    const [host = '', port = ''] = this.#sites.proxy.address.split(':');
    const socket = connect({ host, port: Number(port) });
    socket.on('error', () => {});
    socket.end(Buffer.alloc(4_096, 0x16));
    await pause(200);
    socket.destroy();
  }
}
