/** What the processes of a run may know of the environment that it was started in. */

/** Where programs, homes and temporary files are, and how text is written. Everything else is settings of somebody's. */
const PASSED_ON = /^(PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|LANG|LC_\w+|TZ|LD_LIBRARY_PATH)$/;

/**
 * For `startProcess`, which adds to its own environment: removes all of it but those. A developer's OTEL_*, encryption keys
 * or NODE_OPTIONS would be measured with the service.
 */
export function ownEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, PASSED_ON.test(name) ? value : undefined]),
  );
}
