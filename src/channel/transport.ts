/** An ordered, reliable pipe of frames to exactly one peer: everything a new network has to implement. */

/** A frame is at most this long, header included: one gRPC message, and 1/8 of a flow-control window. */
export const MAX_FRAME_BYTES = 1 << 20;

export interface Transport {
  /** Resolves when the frame may be forgotten by the caller; waits while the peer is slow (back-pressure). */
  write(frame: Uint8Array): Promise<void>;
  /** The next frame, or `undefined` when the peer has closed its side in order. Rejects when the pipe broke. */
  read(): Promise<Uint8Array | undefined>;
  /** Ends both directions; pending reads resolve `undefined`. Idempotent. */
  close(): Promise<void>;
}
