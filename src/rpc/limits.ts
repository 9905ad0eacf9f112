/** Every number that bounds the network: what a peer or operator may make us hold, and how long we wait. */
import type { ChannelOptions } from '@grpc/grpc-js';
import { MAX_FRAME_BYTES } from '../channel/transport.ts';

export interface RpcLimits {
  /** How long `open` waits for a connection, or for the dialer's answer; milliseconds like all below. */
  readonly connectMs: number;
  /** A connection that has not finished its TLS handshake by then is cut. */
  readonly handshakeMs: number;
  /** The longest that a peer may leave one frame of ours unread. */
  readonly stallMs: number;
  /** The longest conversation: a deadline that the dialer sets on the call. */
  readonly conversationMs: number;
  /** At shutdown, how long what runs may still take before it is cut. */
  readonly drainMs: number;
  /** The deadline of an operator's call that does not stream. */
  readonly callMs: number;
  /** Conversations of one peer at a time, counted where they arrive. */
  readonly conversationsPerPeer: number;
  /** Connections to one port at a time, handshakes included. */
  readonly connections: number;
  /** Of these, one caller's; a worker has one or two. */
  readonly connectionsPerCaller: number;
  /** Connections of one address that have not finished their handshake. */
  readonly handshakesPerAddress: number;
  /** An idle connection is asked for a sign of life this often, and given up when none comes within the second. */
  readonly keepaliveMs: number;
  readonly keepaliveTimeoutMs: number;
  /** First and longest wait before a lost connection is tried again; each is shortened at random by up to a half. */
  readonly backoffFirstMs: number;
  readonly backoffMostMs: number;
}

export const DEFAULT_RPC_LIMITS: RpcLimits = {
  connectMs: 10_000,
  handshakeMs: 10_000,
  stallMs: 120_000,
  conversationMs: 24 * 3_600_000,
  drainMs: 5_000,
  callMs: 60_000,
  conversationsPerPeer: 32,
  connections: 256,
  connectionsPerCaller: 32,
  handshakesPerAddress: 32,
  // A dead network is noticed within 30 s, and no firewall forgets an idle link.
  keepaliveMs: 20_000,
  keepaliveTimeoutMs: 10_000,
  backoffFirstMs: 200,
  backoffMostMs: 15_000,
};

/**
 * HTTP/2 flow control, of each stream and of the connection: how many bytes may be on their way.
 * At 30 ms of round trip the 64 KiB of the standard allow 2 MB/s, 8 MiB allow 280. It also bounds
 * what a stalled conversation holds.
 */
export const WINDOW_BYTES = 8 << 20;

/** Above a frame, so that one that is a little too long is told from a broken connection. */
export const MAX_PEER_MESSAGE_BYTES = 2 * MAX_FRAME_BYTES;

/** What a probe of the line may carry, either way. */
export const MOST_PROBE_BYTES = 1 << 20;

/** What an operator may send: a job specification. */
export const MAX_REQUEST_BYTES = 1 << 20;

/** What an operator may be sent: a page of jobs, a model half. */
export const MAX_RESPONSE_BYTES = 32 << 20;

/** Streams on one connection, so calls at a time; the rest wait at the client. */
export const MAX_STREAMS = 100;

/**
 * Of tag queries: all that arrive together are read before anybody else's next one. A bank that has more to ask at a
 * time asks for several ids in a query, as its sidecar does.
 */
export const MAX_TAG_STREAMS = 16;

/** Header pairs of one call: ours have about fifteen. */
export const MAX_HEADERS = 64;

const keepalive = (limits: RpcLimits): ChannelOptions => ({
  'grpc.keepalive_time_ms': limits.keepaliveMs,
  'grpc.keepalive_timeout_ms': limits.keepaliveTimeoutMs,
  'grpc.keepalive_permit_without_calls': 1,
});

/** In MiB: above what the windows of a connection's streams let it hold in a burst of ours. */
const SESSION_MEMORY_MIB = 256;

const IDLE_MS = 5 * 60_000;
/** After this age a connection takes no new calls and its own may finish: certificates are looked at again. */
const AGE_MS = 4 * 3_600_000;

export function serverOptions(
  limits: RpcLimits,
  sizes: { readonly sent: number; readonly received: number },
  streams: number = MAX_STREAMS,
): ChannelOptions {
  return {
    ...keepalive(limits),
    'grpc.max_receive_message_length': sizes.received,
    'grpc.max_send_message_length': sizes.sent,
    'grpc.max_concurrent_streams': streams,
    'grpc-node.max_session_memory': SESSION_MEMORY_MIB,
    'grpc.max_connection_idle_ms': IDLE_MS,
    'grpc.max_connection_age_ms': AGE_MS,
    'grpc.max_connection_age_grace_ms': limits.conversationMs,
    'grpc.enable_channelz': 0,
  };
}

export function channelOptions(
  limits: RpcLimits,
  sizes: { readonly sent: number; readonly received: number },
): ChannelOptions {
  return {
    ...keepalive(limits),
    'grpc.max_receive_message_length': sizes.received,
    'grpc.max_send_message_length': sizes.sent,
    'grpc-node.max_session_memory': SESSION_MEMORY_MIB,
    'grpc-node.flow_control_window': WINDOW_BYTES,
    'grpc.initial_reconnect_backoff_ms': limits.backoffFirstMs,
    'grpc.max_reconnect_backoff_ms': limits.backoffMostMs,
    // Calls are never repeated by the library: a conversation is not idempotent, and the buffer it
    // would keep for that is a copy of all traffic.
    'grpc.enable_retries': 0,
    'grpc.use_local_subchannel_pool': 1, // no connection is shared between two pins
    'grpc.service_config_disable_resolution': 1, // no DNS record may configure us
    'grpc.enable_http_proxy': 0, // nor a variable of the environment send us elsewhere
    'grpc.enable_channelz': 0,
  };
}
