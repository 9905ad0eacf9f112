/** Anonymous tag queries: what rpc and cli use of them. */
export { openQuery, ReceiptStore, verifyOpened } from './audit.ts';
export { type Batcher, openBatcher } from './batcher.ts';
export { TagClient, type TagClientOptions } from './client.ts';
export { type ChainHead, checkDebits, type Debited } from './debited.ts';
export type { DownloadProgress } from './download.ts';
export { Meter } from './meter.ts';
export type { TagPolicy } from './policy.ts';
export { checkChain, readReceipt } from './receipts.ts';
export type { TagRemote } from './remote.ts';
export { type SealOptions, type SealProgress, seal, type TagTable } from './seal.ts';
export { currentVersion, type ServedTable, versionGone } from './served-tables.ts';
export { type TagQuota, TagServer, type TagService } from './server.ts';
