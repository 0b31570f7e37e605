/**
 * The logger of API, Worker and command line: one JSON object a line. Secrets and personal data must never get
 * into it, so every finished line is cleaned as well: whoever logs an error cannot know what its message quotes.
 */
import { type DestinationStream, type Logger, pino } from 'pino';
import type { Settings } from './env.ts';

/** Fields whose text is never written, however deep they are. */
const SECRET_FIELDS =
  /"(authorization|stripe-signature|cookie|set-cookie|token|secret|password|apiKey|client_secret|email)":"(?:[^"\\]|\\.)*"/g;

/** What is replaced in every line. Nothing here matches a quote or a backslash, so a line stays JSON. */
const SECRETS: readonly [RegExp, string][] = [
  [SECRET_FIELDS, '"$1":"[redacted]"'],
  // A customer link: whoever has it acts for the customer.
  [/(\/c\/)[\w.~%-]{8,}/g, '$1[redacted]'],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]+/g, '[redacted]'],
  // Our API keys, Stripe's keys and webhook secrets, client secrets of intents and sessions.
  [/\bdbk_\w{8,}/g, 'dbk_[redacted]'],
  [/\b([sr]k_(?:test|live)|whsec)_[\w+/=]+/g, '$1_[redacted]'],
  [/\b((?:pi|seti|cs)_\w+?_secret)_\w+/g, '$1_[redacted]'],
  // Passwords in connection strings, then e-mail addresses.
  [/(:\/\/[^\s:/@"\\]*):[^\s@"\\]+@/g, '$1:[redacted]@'],
  [/[\w.!#$%&'*+=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+/g, '[e-mail]'],
];

/** Whether there may be anything to replace; one look spares most lines the others. */
const SUSPICIOUS =
  /@|\/c\/|eyJ|dbk_|k_test_|k_live_|whsec_|_secret|"(?:authorization|stripe-signature|cookie|set-cookie|token|secret|password|apiKey|email)":/;

/** The text without secrets and e-mail addresses. */
export function redact(text: string): string {
  if (!SUSPICIOUS.test(text)) {
    return text;
  }
  return SECRETS.reduce((line, [pattern, replacement]) => line.replace(pattern, replacement), text);
}

/** @param destination where lines go; absent: standard output */
export function createLogger(settings: Pick<Settings, 'LOG_LEVEL'>, destination?: DestinationStream): Logger {
  const options = {
    level: settings.LOG_LEVEL,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    hooks: { streamWrite: redact },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
