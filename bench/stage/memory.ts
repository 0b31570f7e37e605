/** How much memory a process holds, and how large a file is with its journal. Linux and macOS. */
import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';

/** Resident set of one process, in bytes. */
export function residentBytes(pid: number): number {
  const kilobytes = execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
  return Number(kilobytes.trim()) * 1024;
}

/** Of a SQLite database: the file and what waits in its journal. */
export function databaseFileBytes(file: string): number {
  return [file, `${file}-wal`].reduce((sum, name) => sum + (existsSync(name) ? statSync(name).size : 0), 0);
}
