/** An owner who had one of so many last turns is likely to be back. */
const LATELY = 256;

/** What waits, by whose it is: the next turn is always his who had his last one longest ago. */
export class FairQueue<T> {
  readonly #waiting = new Map<string, T[]>();
  /** The number of each owner's last turn; owners are few, and known by certificate. */
  readonly #turns = new Map<string, number>();
  #turn = 0;

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /** Whether more than one owner waits, or has had a turn lately. */
  get isShared(): boolean {
    const owners = new Set(this.#waiting.keys());
    for (const [owner, turn] of this.#turns) if (this.#turn - turn < LATELY) owners.add(owner);
    return owners.size > 1;
  }

  push(owner: string, item: T): void {
    const own = this.#waiting.get(owner);
    if (own === undefined) this.#waiting.set(owner, [item]);
    else own.push(item);
  }

  /** One turn: an owner's first item, and those behind it as long as they may join it; none if nobody waits. */
  take(joins: (first: T, item: T) => boolean): T[] {
    const lastTurn = (owner: string): number => this.#turns.get(owner) ?? 0;
    const [owner] = [...this.#waiting.keys()].sort((a, b) => lastTurn(a) - lastTurn(b));
    if (owner === undefined) return [];
    this.#turn += 1;
    this.#turns.set(owner, this.#turn);
    const own = this.#waiting.get(owner)!;
    let count = 1;
    while (count < own.length && joins(own[0]!, own[count]!)) count += 1;
    if (count === own.length) this.#waiting.delete(owner);
    return own.splice(0, count);
  }
}
