/** The network: what the program that puts a worker together, and the commands of operators, need of it. */
export { expiryWarning, type Identity } from './certificate.ts';
export {
  initKeys,
  initOperator,
  type KeyOptions,
  keyFile,
  type OperatorKeys,
  type OperatorPublic,
  type PartyKeys,
  type PartyPublic,
  publicFile,
  readOperator,
  readOperatorKeys,
  readPrivate,
  readPublic,
} from './keys.ts';
export { DEFAULT_RPC_LIMITS, type RpcLimits } from './limits.ts';
export { type OpenPeers, openPeers, type PeerConfig, type PeersOptions } from './peers.ts';
