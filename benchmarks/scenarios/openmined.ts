/** The comparison of two sets as @openmined/psi.js makes it: both roles in this process, one thread. */
import psiJs from '@openmined/psi.js';

/** The package exports the function itself, where its types name a `default`. */
const loadPsi = psiJs as unknown as typeof psiJs.default;
/** Of the server's compressed set: an id that only looks common. */
const FALSE_POSITIVES = 1e-9;

/** Ids that are common to both sets, and CPU seconds of both roles: messages cross as bytes. */
export async function openMined(
  server: readonly string[],
  client: readonly string[],
): Promise<{ readonly common: number; readonly cpuSeconds: number }> {
  const psi = await loadPsi();
  const holder = psi.server!.createWithNewKey(true);
  const asker = psi.client!.createWithNewKey(true);
  const before = process.cpuUsage();
  const setup = holder.createSetupMessage(FALSE_POSITIVES, client.length, server).serializeBinary();
  const request = asker.createRequest(client).serializeBinary();
  const response = holder.processRequest(psi.request.deserializeBinary(request)).serializeBinary();
  const found = asker.getIntersection(
    psi.serverSetup.deserializeBinary(setup),
    psi.response.deserializeBinary(response),
  );
  const { user, system } = process.cpuUsage(before);
  holder.delete();
  asker.delete();
  return { common: found.length, cpuSeconds: (user + system) / 1e6 };
}
