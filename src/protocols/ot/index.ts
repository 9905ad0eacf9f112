/**
 * Oblivious transfer: of two pads the receiver learns the one it chose, and the sender not which; of n records
 * likewise. Secure against a malicious party of either role, up to the lengths and counts both agreed on.
 *
 *   sender                                             receiver
 *     |  OtBaseOffer     R_0, R_1 of 128 transfers       |   once a session, roles exchanged
 *     |------------------------------------------------->|
 *     |  OtBaseAnswer    B_0, B_1 of each                |
 *     |<-------------------------------------------------|
 *     |                                                  |
 *     |  OtCorrection    u_j: 128 columns                |   once an extension
 *     |<-------------------------------------------------|
 *     |  OtChallenge     key of a universal hash         |
 *     |------------------------------------------------->|
 *     |  OtColumnHashes  h(x), h(t_j)                    |
 *     |<-------------------------------------------------|
 *     |                                                  |
 *     |  OtRecordChoice  log n bits                      |   once a record
 *     |<-------------------------------------------------|
 *     |  OtRecords       n sealed records                |
 *     |------------------------------------------------->|
 *
 * The sender draws the challenge after it has heard the columns. A session whose check failed has told the
 * receiver something of the sender's secret: it is over, and a new one needs new base transfers.
 */
export { openReceiver, type Receiver } from './receiver.ts';
export { receiveRecord, sendRecord } from './records.ts';
export { openSender, type Sender } from './sender.ts';
export { ChosenPads, PadPairs } from './supply.ts';
