/** Writes the two parties' tables of an example: node examples/data/split.ts credit_data|lending_club OUT */
import { argv } from 'node:process';
import { writeExampleTables } from '../../src/data/examples.ts';

const [name = 'credit_data', outDir = 'tables'] = argv.slice(2);
console.log(JSON.stringify(await writeExampleTables(name, outDir)));
