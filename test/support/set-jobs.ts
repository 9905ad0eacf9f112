/** Two companies with sets: a bank's customers and a data company's audience, and jobs between them. */
import type { Job } from '../../src/gen/sotto/job/v1/job_pb.ts';
import { JobState } from '../../src/gen/sotto/job/v1/job_pb.ts';
import { alignSpec, type SpecInit } from './jobs.ts';
import { openPair, type Pair, reaches, type Settings } from './workers.ts';

/** Customers p0 .. of the bank and audience of the telco; some ids and texts are not ASCII. */
export const personId = (index: number): string => (index % 7 === 3 ? `pé ${index}` : `p${index}`);

export const CUSTOMERS = { from: 0, to: 240 };
export const AUDIENCE = { from: 160, to: 460 };

export function customersTable({ from, to } = CUSTOMERS): string {
  const rows = ['id,city,spent'];
  for (let i = from; i < to; i++) rows.push(`${personId(i)},${i % 2 ? 'Rome' : 'Oslo'},${i * 10}`);
  return rows.join('\n');
}

export function audienceTable({ from, to } = AUDIENCE): string {
  const rows = ['id,age,remark,since'];
  for (let i = to - 1; i >= from; i--) {
    const remark = i % 5 === 0 ? '' : `"no, ""${i}"""`;
    rows.push(`${personId(i)},${20 + (i % 50)},${remark},2026-0${1 + (i % 3)}-15`);
  }
  return rows.join('\n');
}

export const setSpec = (protocol: NonNullable<SpecInit['protocol']>, change: SpecInit = {}) =>
  alignSpec({ protocol, ...change });

export function openSets(settings: Partial<Record<'bank' | 'telco', Settings>> = {}) {
  return openPair({
    bank: { files: { 'loans.csv': customersTable() }, ...settings.bank },
    telco: { files: { 'calls.csv': audienceTable() }, ...settings.telco },
  });
}

/** The job's record at both parties, once it has ended. */
export async function bothEnds(
  pair: Pair,
  spec: ReturnType<typeof setSpec>,
): Promise<{ bank: Job; telco: Job }> {
  const { id } = await pair.bank.submit(spec, '', 'ada');
  return { bank: await reaches(pair.bank, id), telco: await reaches(pair.telco, id) };
}

/** As `bothEnds`, for a job that is to succeed. */
export async function succeeds(pair: Pair, spec: ReturnType<typeof setSpec>) {
  const { bank, telco } = await bothEnds(pair, spec);
  for (const job of [bank, telco]) {
    if (job.state !== JobState.SUCCEEDED) throw new Error(JSON.stringify(job.error));
  }
  const file = async (name: 'bank' | 'telco', artifact: string): Promise<string[]> => {
    const text = Buffer.from(await pair[name].artifact(bank.id, artifact, 'ada')).toString();
    return text.trimEnd().split('\n');
  };
  return { bank: bank.result!, telco: telco.result!, job: bank, file };
}
