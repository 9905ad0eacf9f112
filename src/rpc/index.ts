/** The network: what the program that puts a worker together, and the commands of operators, need of it. */
export { expiryWarning, type Identity } from './certificate.ts';
export { type HttpTls, openHttp } from './http-server.ts';
export {
  initKeys,
  initOperator,
  initWrappingKey,
  type KeyOptions,
  keyFile,
  keyPlace,
  type OperatorKeys,
  type OperatorPublic,
  type PartyKeys,
  type PartyPublic,
  privateFrom,
  publicFile,
  readOperator,
  readOperatorKeys,
  readPrivate,
  readPublic,
  readSecretPem,
  sealedKeyFile,
  wrappingKeyFile,
} from './keys.ts';
export { DEFAULT_RPC_LIMITS, type RpcLimits } from './limits.ts';
export { type ConnectOptions, connectOperator, type OperatorClient } from './operator-client.ts';
export { type OperatorServer, type OperatorsOptions, serveOperators } from './operators.ts';
export { type OpenPeers, openPeers, type PeerConfig, type PeersOptions } from './peers.ts';
export { type Probed, probePeer } from './probe.ts';
export { type OperatorConfig, ROLES, type Role } from './roles.ts';
export { type ConnectTagsOptions, connectTags } from './tag-client.ts';
export { type OpenTags, type ServeTagsOptions, serveTags } from './tag-service.ts';
export { openSidecar, type Sidecar, type SidecarOptions } from './tag-sidecar.ts';
