/** What a party may hear: the message tables of PROTOCOLS.md are the allow-list. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Heard } from './record.ts';

/** Message name -> its fields, from rows like "| `AlignPoints` | both | `points` | what it shows |". */
export type AllowList = ReadonlyMap<string, ReadonlySet<string>>;

const DOCUMENT = join(import.meta.dirname, '..', '..', 'PROTOCOLS.md');

/**
 * The tables under the headings named: `## Channel`, and those of the protocols that a job runs.
 * Control frames are written as `channel:finish`.
 */
export function allowedUnder(
  headings: readonly string[],
  text = readFileSync(DOCUMENT, 'utf8'),
): AllowList {
  const allowed = new Map<string, ReadonlySet<string>>();
  for (const section of text.split(/^## /m).slice(1)) {
    const title = section.slice(0, section.indexOf('\n')).trim();
    if (!headings.includes(title)) continue;
    for (const [, name, fields] of section.matchAll(/^\| `([A-Za-z:]+)` \|[^|]*\| ([^|]*)\|/gm)) {
      allowed.set(
        name!,
        new Set([...fields!.matchAll(/`([a-z0-9_]+)`/g)].map((match) => match[1]!)),
      );
    }
  }
  return allowed;
}

/** Messages, or fields of them, that the list does not have: each once. */
export function unlisted(heard: readonly Heard[], allowed: AllowList): string[] {
  const found = new Set<string>();
  for (const { name, fields } of heard) {
    const known = allowed.get(name);
    if (known === undefined) found.add(name);
    else for (const field of fields) if (!known.has(field)) found.add(`${name}.${field}`);
  }
  return [...found].toSorted();
}
