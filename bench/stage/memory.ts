/** How much memory a process holds. Linux and macOS. */
import { execFileSync } from 'node:child_process';

/** Resident set of one process, in bytes. */
export function residentBytes(pid: number): number {
  const kilobytes = execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
  return Number(kilobytes.trim()) * 1024;
}
