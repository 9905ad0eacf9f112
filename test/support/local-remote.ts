/** The company's service in the same process, as it treats this peer. */
import type { TagRemote } from '../../src/tags/remote.ts';
import type { TagService } from '../../src/tags/server.ts';

export const localRemote = (service: TagService, peer: string): TagRemote => ({
  getManifest: (request) => service.getManifest(peer, request),
  fetchBlob: (request) => service.fetchBlob(peer, request),
  query: (request) => service.query(peer, request),
  transfer: (request) => service.transfer(peer, request),
});
