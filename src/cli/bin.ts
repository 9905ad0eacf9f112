#!/usr/bin/env node
/** The program where Node runs TypeScript already; `bin.mjs` is the door that every Node can open. */
import { run } from './main.ts';

await run(process.argv);
process.exit();
