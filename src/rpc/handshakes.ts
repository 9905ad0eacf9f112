/** Connections that have not shown who they are, by where they come from: one stranger is not to hold all that there may be. */
import type { Socket } from 'node:net';

export class Handshakes {
  readonly #most: number;
  /** Ports of those under way, by address. */
  readonly #ports = new Map<string, Set<number>>();

  /** @param most Of one address at a time. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Of a connection that was just accepted; cuts it if its address has too many under way. */
  begun(socket: Socket): void {
    const { remoteAddress = '', remotePort = 0 } = socket;
    const ports = this.#ports.get(remoteAddress) ?? new Set();
    if (ports.size >= this.#most) return void socket.destroy();
    this.#ports.set(remoteAddress, ports.add(remotePort));
    socket.once('close', () => this.over({ remoteAddress, remotePort }));
  }

  /** Its handshake is done, or it is gone. */
  over({ remoteAddress = '', remotePort = 0 }: Pick<Socket, 'remoteAddress' | 'remotePort'>): void {
    const ports = this.#ports.get(remoteAddress);
    ports?.delete(remotePort);
    if (ports?.size === 0) this.#ports.delete(remoteAddress);
  }
}
