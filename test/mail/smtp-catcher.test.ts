import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTransport } from 'nodemailer';
import { type SmtpCatcher, startSmtpCatcher } from './smtp-catcher.ts';

let catcher: SmtpCatcher;
beforeAll(async () => {
  catcher = await startSmtpCatcher();
});
afterAll(() => catcher.close());

describe('startSmtpCatcher', () => {
  it('goes on taking mails after a sender was killed half way through one', async () => {
    const { hostname, port } = new URL(catcher.url);
    const socket = connect(Number(port), hostname);
    const answered = () => new Promise((resolve) => socket.once('data', resolve));
    await answered();
    for (const line of ['HELO one.example', 'MAIL FROM:<a@one.example>']) {
      socket.write(`${line}\r\n`);
      await answered();
    }
    socket.resetAndDestroy();
    await createTransport(catcher.url).sendMail({
      from: 'a@one.example',
      to: 'b@two.example',
      text: 'Hello',
    });
    expect(catcher.mails).toHaveLength(1);
  });
});
