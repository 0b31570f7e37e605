/**
 * How Node.js is started for a Worker; for whoever starts one: the local stack, the bench, the image. They are V8's and
 * are given on the command line, because the heap has its sizes before any code runs.
 *
 * Charges fall due at one instant, after hours in which nothing was done. In quiet V8 gives memory back, and lets the
 * heap grow in small steps afterwards: it collects all of it several times in the very seconds that count. So it keeps
 * what it has, and collects a heap whole when it holds more than 256 MB. There are two, since the Workflows' thread has its
 * own.
 */
export const WORKER_NODE_FLAGS: readonly string[] = ['--no-memory-reducer', '--initial-old-space-size=256'];
