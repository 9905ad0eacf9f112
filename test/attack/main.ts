/** `npm run attack -- <name>`: tries to learn what must not be learnt, and says how far it came. */
const ATTACKS: Readonly<Record<string, () => Promise<unknown>>> = {
  labels: () => import('./labels/main.ts'),
  differencing: async () => (await import('./differencing/main.ts')).run(process.argv.slice(3)),
};

const name = process.argv[2] ?? '';
const attack = ATTACKS[name];
if (attack === undefined) {
  console.error(`no attack named '${name}': expected one of ${Object.keys(ATTACKS).join(', ')}`);
  process.exitCode = 2;
} else {
  await attack();
}
