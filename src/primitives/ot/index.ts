/** Oblivious transfer, what needs no peer: base transfers, their extension, one of n records. */
import { otBaseAnswer, otBaseChoose, otBaseOpen } from './base.ts';
import { otDirectChoose, otDirectOpen, otDirectSend } from './direct.ts';
import { otAnswerCheck, otCorrelate, otExtend, otPadPairs, otPads, otVerify } from './extension.ts';
import { otCorrections, otOpenRecord, otSealRecords } from './records.ts';

export { ready } from '../group/index.ts';
export {
  BASE_ANSWER_COINS,
  BASE_CHOICE_COINS,
  BASE_MESSAGE_BYTES,
  otBaseAnswer,
  otBaseChoose,
  otBaseOpen,
} from './base.ts';
export { bitAt, KAPPA } from './bits.ts';
export {
  directCoins,
  directPointBytes,
  otDirectChoose,
  otDirectOpen,
  otDirectSend,
  type RecordSets,
} from './direct.ts';
export {
  CHALLENGE_BYTES,
  COLUMN_HASHES_BYTES,
  columnBytes,
  EXTENSION_COINS,
  EXTENSION_MAX,
  otAnswerCheck,
  otCorrelate,
  otExtend,
  otPadPairs,
  otPads,
  otVerify,
  type ReceiverColumns,
} from './extension.ts';
export { HASH_BYTES } from './field-hash.ts';
export {
  otCorrections,
  otOpenRecord,
  otSealRecords,
  RECORDS_BYTES_MAX,
  RECORDS_MAX,
  type RecordSet,
  transfersFor,
} from './records.ts';

export const otTasks = {
  otAnswerCheck,
  otBaseAnswer,
  otBaseChoose,
  otBaseOpen,
  otCorrections,
  otCorrelate,
  otDirectChoose,
  otDirectOpen,
  otDirectSend,
  otExtend,
  otOpenRecord,
  otPadPairs,
  otPads,
  otSealRecords,
  otVerify,
};
