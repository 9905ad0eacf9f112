/** Loaded into the worker whose memory is watched, before the worker itself: says what is left after a collection. */
import { isMainThread } from 'node:worker_threads';
import { collect } from '../support/collect.ts';

/** Of a thread, which hears of nothing but its tasks: collections come between these. */
const THREAD_COLLECTS_MS = 500;

if (isMainThread) {
  process.on('message', (message) => {
    if (message !== 'memory') return;
    void collect().then(() => {
      const { rss, heapUsed } = process.memoryUsage();
      process.send?.({ resident: rss, heap: heapUsed });
    });
  });
} else {
  setInterval(() => void collect(), THREAD_COLLECTS_MS).unref();
}
