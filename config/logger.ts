/**
 * The logger of API, Worker and command line: one JSON object a line. Secrets and personal data must never get
 * into it, so every finished line is cleaned as well: whoever logs an error cannot know what its message quotes.
 */
import { type DestinationStream, type Logger, pino } from 'pino';
import type { Settings } from './env.ts';
import { createLogOutput, type LogOutput } from './log-output.ts';

/** Fields whose value is never written, however deep they are and however they are spelled; in lower case. */
const SECRET_FIELDS = new Set([
  'authorization',
  'proxy-authorization',
  'stripe-signature',
  'cookie',
  'set-cookie',
  'token',
  'secret',
  'password',
  'apikey',
  'client_secret',
  'email',
  // Node's list of names and values in turn.
  'rawheaders',
]);

/** What is replaced in every text. It may quote JSON, where a line break is a backslash and an `n`. */
const SECRETS: readonly [RegExp, string][] = [
  // A customer link: whoever has it acts for the customer.
  [/(\/c\/)[\w.~%-]{8,}/g, '$1[redacted]'],
  [/(?:\b|(?<=\\[nrtbf]))eyJ[\w-]+\.[\w-]+\.[\w-]+/g, '[redacted]'],
  [/\b(Basic|Bearer)\s+[\w+/=.~-]{12,}/g, '$1 [redacted]'],
  // Our API keys, Stripe's keys and webhook secrets, client secrets of intents and sessions.
  [/(?:\b|(?<=\\[nrtbf]))dbk_\w{8,}/g, 'dbk_[redacted]'],
  [/(?:\b|(?<=\\[nrtbf]))([sr]k_(?:test|live)|whsec)_[\w+/=]+/g, '$1_[redacted]'],
  [/(?:\b|(?<=\\[nrtbf]))((?:pi|seti|cs)_\w+?_secret)_\w+/g, '$1_[redacted]'],
  // Passwords in connection strings of both kinds, then e-mail addresses.
  [/(:\/\/[^\s:/@"\\]*):[^\s@"\\]+@/g, '$1:[redacted]@'],
  [/\b(password=)(?:'[^']*'|[^\s"'\\]+)/gi, '$1[redacted]'],
  [/[\w.!#$%&'*+=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+/g, '[e-mail]'],
];

let output: LogOutput | undefined;

/** Whether there may be anything to replace; one look spares most lines the rest. */
const SUSPICIOUS =
  /@|\/c\/|eyJ|dbk_|k_test_|k_live_|whsec_|secret|authorization|stripe-signature|cookie|token|password|apikey|email|rawheaders|Basic |Bearer /i;

/** The text without secrets and e-mail addresses. It is read as it is: of JSON, hand over the values. */
export function redact(text: string): string {
  if (!SUSPICIOUS.test(text)) {
    return text;
  }
  return SECRETS.reduce((line, [pattern, replacement]) => line.replace(pattern, replacement), text);
}

/** A line of JSON without secrets. Its values are cleaned, not its text, where a line break is a backslash and an `n`. */
function redactLine(line: string): string {
  if (!SUSPICIOUS.test(line)) {
    return line;
  }
  try {
    return `${JSON.stringify(clean(JSON.parse(line)))}\n`;
  } catch {
    return redact(line);
  }
}

function clean(value: unknown): unknown {
  if (typeof value === 'string') {
    return redact(value);
  }
  if (Array.isArray(value)) {
    return value.map(clean);
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(cleanField));
  }
  return value;
}

function cleanField([name, value]: [string, unknown]): [string, unknown] {
  const isSecret = SECRET_FIELDS.has(name.toLowerCase()) && value !== null && value !== undefined;
  return [redact(name), isSecret ? '[redacted]' : clean(value)];
}

/**
 * Lines are written behind the back of whoever logs, and several at once when many come: a request waits for no pipe. A
 * process that ends by itself has written all of them; one that is killed loses what it logged in its last moment, and so
 * does one whose lines nobody reads any more. While a disk is full, some are kept for when there is room again.
 * @param destination where lines go; absent: standard output
 */
export function createLogger(settings: Pick<Settings, 'LOG_LEVEL'>, destination?: DestinationStream): Logger {
  const options = {
    level: settings.LOG_LEVEL,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    // pino knows `err` by itself; Temporal's SDK says `error`, of which JSON alone would keep nothing.
    serializers: { error: pino.stdSerializers.err },
    hooks: { streamWrite: redactLine },
  };
  return pino(options, destination ?? standardOutput());
}

/** One for the process: what is left in it is written when the process ends. */
function standardOutput(): LogOutput {
  if (output === undefined) {
    output = createLogOutput(1);
    process.once('exit', output.flushSync);
  }
  return output;
}
