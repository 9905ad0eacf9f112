#!/usr/bin/env node
/** The program's first line. Plain JavaScript, so that a Node too old for the rest can still say so. */
import { existsSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `sotto needs Node 22.18 or newer, and this is Node ${process.versions.node}. ` +
      'In a clone, `npx sotto …` uses the Node that `npm ci` installed.',
  );
  process.exit(2);
}
// SEAL's WebAssembly refers to exceptions, which V8 does by itself from Node 24 on.
if (major < 24) setFlagsFromString('--experimental-wasm-exnref');
// A pass makes and drops buffers by the megabyte, and each few of them would begin a collection step by step:
// a quarter of a training's processor time. Whole collections are rare, and pause for some hundredths of a second.
setFlagsFromString('--no-incremental-marking');
// In a clone the sources run as they are; in a build they are JavaScript.
const main = ['./main.ts', './main.js'].find((file) => existsSync(new URL(file, import.meta.url)));
const { run } = await import(main);
await run(process.argv);
// The answer is out (pipes are written synchronously): a timer of a library should not hold the prompt.
process.exit();
