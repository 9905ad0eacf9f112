/** grpc.health.v1, the client's half: one question. */
import type { Client } from '@grpc/grpc-js';
import { Metadata, type ServiceError } from '@grpc/grpc-js';
import { service } from 'grpc-health-check';
import { fromStatus } from './status.ts';

/** The state of the whole server: "SERVING", "NOT_SERVING" or "UNKNOWN". */
export function checkHealth(client: Client, deadlineMs: number): Promise<string> {
  const { path, requestSerialize, responseDeserialize } = service.Check!;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      { service: '' },
      new Metadata(),
      { deadline: Date.now() + deadlineMs },
      (error: ServiceError | null, response?: { status?: string }) => {
        if (error === null) resolve(String(response?.status ?? 'UNKNOWN'));
        else reject(fromStatus(error, 'operator', { method: 'Check' }));
      },
    );
  });
}
