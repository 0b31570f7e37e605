/**
 * Sends composed mails over SMTP. Made by the Worker for the outbox. Its errors carry codes only: what a mail
 * server says often repeats the address, and addresses must not reach rows or logs.
 */
import { createTransport } from 'nodemailer';
import type { Renderer } from '../templates/renderer.ts';
import { composeMail, type MailContent } from './compose.ts';

export interface MailToSend extends MailContent {
  /** Becomes the Message-ID, so that a mail that was sent twice is recognised as one. */
  notificationId: string;
  address: string;
}

export interface Mailer {
  /**
   * @returns the Message-ID, with the server's promise to deliver
   * @throws MailRefused when a repeat would be refused as well
   * @throws MailServerAway when no server was there to take this mail or any other
   * @throws MailNotSent for everything else; whether the server has the mail can then be unknown
   */
  send(mail: MailToSend): Promise<string>;
  close(): void;
}

/** The server will not take a mail for this address, ever. */
export class MailRefused extends Error {
  override readonly name = 'MailRefused';
}

/** A busy server, a connection that broke on the way: worth a repeat later. */
export class MailNotSent extends Error {
  override readonly name: string = 'MailNotSent';
}

/** Nobody answers, or our credentials are refused: no other mail would fare better now. */
export class MailServerAway extends MailNotSent {
  override readonly name = 'MailServerAway';
}

/** @param options.url `smtp://user:password@host:port`, or `smtps://…` for TLS from the first byte */
export function createMailer(options: {
  url: string;
  from: string;
  renderer: Renderer;
  /** Most connections to the server at once. */
  connections?: number;
}): Mailer {
  const transport = createTransport({
    url: options.url,
    pool: true,
    maxConnections: options.connections ?? 5,
    // Far below the outbox's lease, so that a mail is not claimed again while its first try still runs.
    dnsTimeout: 10_000,
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 20_000,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const domain = /@([^\s<>@]+?)>?\s*$/.exec(options.from)?.[1] ?? 'localhost';

  return {
    async send(mail) {
      const messageId = `<${mail.notificationId}@${domain}>`;
      const composed = await composeMail(options.renderer, mail);
      try {
        await transport.sendMail({
          from: options.from,
          to: { name: mail.name ?? '', address: mail.address },
          messageId,
          ...composed,
          headers: { 'Auto-Submitted': 'auto-generated', 'Content-Language': mail.locale },
        });
      } catch (error) {
        throw withoutAddress(error);
      }
      return messageId;
    },
    close: () => transport.close(),
  };
}

/** What went wrong in codes of Nodemailer and SMTP, e.g. `EENVELOPE 550 RCPT TO`. */
function withoutAddress(error: unknown): MailRefused | MailNotSent {
  const facts = typeof error === 'object' && error !== null ? error : {};
  const code = 'code' in facts ? String(facts.code) : 'unknown error';
  const status = 'responseCode' in facts ? Number(facts.responseCode) : null;
  const command = 'command' in facts ? String(facts.command).split(':', 1)[0] : '';
  const told = [code, status, command].filter(Boolean).join(' ');
  // 5xx to RCPT TO speaks of the address; 5xx to anything else speaks of us, and a person can mend that.
  const isRefused = command === 'RCPT TO' && status !== null && status >= 500;
  // Nodemailer refuses an address that no server could take before it sends any command.
  const isUnusable = code === 'EENVELOPE' && command === 'API';
  if (isRefused || isUnusable) {
    return new MailRefused(told);
  }
  // The connection itself, in Nodemailer's words, or our credentials.
  const isAway = command === 'CONN' || code === 'EAUTH';
  return isAway ? new MailServerAway(told) : new MailNotSent(told);
}
