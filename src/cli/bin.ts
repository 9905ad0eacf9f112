#!/usr/bin/env node
/** The program where Node runs TypeScript already; `bin.mjs` is the door that every Node can open. */
import './bin.mjs';
