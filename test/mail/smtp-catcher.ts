/** A real SMTP server on a free port that keeps what it gets and refuses what a test tells it to. */
import type { AddressInfo } from 'node:net';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';

export interface SmtpCatcher {
  url: string;
  mails: ParsedMail[];
  /** Answers a recipient with this status instead of taking the mail, e.g. 550. */
  refusals: Map<string, number>;
  /** Waits before a mail is taken, until the test lets it go. */
  hold: Promise<void> | null;
  /** Most mails that were being taken at one time. */
  mostAtOnce: number;
  close(): Promise<void>;
}

export async function startSmtpCatcher(): Promise<SmtpCatcher> {
  let atOnce = 0;
  const server = new SMTPServer({
    // It would ask the network for the name of whoever connects, and greet nobody until that answers.
    disableReverseLookup: true,
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    logger: false,
    onRcptTo(address, _session, callback) {
      const status = catcher.refusals.get(address.address);
      if (status === undefined) {
        return callback();
      }
      callback(Object.assign(new Error(`no thanks, ${address.address}`), { responseCode: status }));
    },
    onData(stream, _session, callback) {
      atOnce += 1;
      catcher.mostAtOnce = Math.max(catcher.mostAtOnce, atOnce);
      const take = async () => {
        const mail = await simpleParser(stream);
        await catcher.hold;
        catcher.mails.push(mail);
      };
      take()
        .finally(() => {
          atOnce -= 1;
        })
        .then(
          () => callback(),
          (error: Error) => callback(error),
        );
    },
  });
  // Whoever is killed while it sends a mail resets its connection: not a fault of this server.
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  const catcher: SmtpCatcher = {
    url: `smtp://127.0.0.1:${port}`,
    mails: [],
    refusals: new Map(),
    hold: null,
    mostAtOnce: 0,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
  return catcher;
}
