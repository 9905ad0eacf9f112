/** The worker's log: one JSON line for each typed event, with the fields this table allows and no others. */
import { pino } from 'pino';
import type { Log, LogEvent } from '../base/events.ts';

type Level = 'debug' | 'info' | 'warn' | 'error';

/** Per event: how loud it is, and which of its fields are written. A new event does not compile without a row. */
const EVENTS: {
  readonly [E in LogEvent as E['event']]: readonly [
    Level,
    ...(Exclude<keyof E, 'event'> & string)[],
  ];
} = {
  'worker-started': ['info', 'party', 'resumed'],
  'worker-stopped': ['info', 'party'],
  'job-changed': ['info', 'job', 'peer', 'state', 'code', 'bytesSent', 'bytesReceived'],
  'job-phase': ['debug', 'job', 'phase', 'bytesSent', 'bytesReceived'],
  'operator-asked': ['info', 'verb', 'by', 'subject'],
  'proposal-refused': ['warn', 'peer', 'code', 'field'],
  'peer-unreachable': ['warn', 'peer', 'code', 'retryInMs'],
  'conversation-refused': ['warn', 'peer', 'code'],
  'keys-renewed': ['info', 'peers'],
  'keys-not-renewed': ['error', 'code'],
  'history-differs': ['error', 'peer', 'whose'],
  'spans-dropped': ['warn'],
  'failed-internally': ['error', 'where', 'errno'],
};

export interface OpenLog {
  readonly log: Log;
  /** Writes what is still buffered; for the last moment of the process. */
  flush(): void;
}

/** Logs to stdout, without host name or process id: a line says what happened, not where. */
export function openLog(level: Level, destination: NodeJS.WritableStream | 1 = 1): OpenLog {
  const sink = destination === 1 ? pino.destination({ dest: 1, sync: true }) : destination;
  const logger = pino({ base: null, level, timestamp: pino.stdTimeFunctions.isoTime }, sink);
  return {
    log: (event) => {
      const [loud, ...fields] = EVENTS[event.event];
      const written: Record<string, unknown> = { event: event.event };
      const given = event as unknown as Readonly<Record<string, unknown>>;
      for (const field of fields) written[field] = short(given[field]);
      logger[loud](written);
    },
    flush: () => logger.flush(),
  };
}

/** Only short texts, numbers and yes or no are written: a field cannot carry a table. */
function short(value: unknown): string | number | boolean | undefined {
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  return typeof value === 'string' ? value.slice(0, 200) : undefined;
}
