/**
 * Mails what the rows of `notifications` say. Run by the Worker process; any number may run at once.
 *
 * Each mail is claimed by one dispatcher for a lease and then marked, so it is sent once; only a process that
 * dies between the server's promise and the mark leaves a mail that is sent again when its lease ends, with the
 * same Message-ID. Nothing here touches Temporal: a mail that is late or lost never holds up a charge.
 */
import { setTimeout } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { CustomerLinks } from '../config/customer-links.ts';
import {
  type ClaimedMail,
  claimMails,
  giveUpMail,
  isNotificationKind,
  markMailed,
  NO_ADDRESS,
  postponeMail,
  releaseMail,
} from '../db/notifications.ts';
import type { Database } from '../db/schema.ts';
import { knownLocale } from '../domain/format.ts';
import { withoutEndedPlan } from '../domain/notifications.ts';
import { type Mailer, MailRefused, MailServerAway } from './mailer.ts';

export interface MailOutbox {
  start(): void;
  /** Takes nothing new, waits for the mails that are being sent, and gives back those that are not. */
  stop(): Promise<void>;
  /** One round: claims what is due and deals with it, until the mail server turns out to be away or `stop()` is called. */
  dispatchOnce(): Promise<Round>;
}

export interface Round {
  /** Mails that were claimed. */
  claimed: number;
  /** The server could not be reached, or refused our credentials: what was not tried by then is due again at once. */
  isServerAway: boolean;
}

const BATCH = 20;
const CONCURRENCY = 5;
/** Many times what the slowest try can take: 40 s to connect and be greeted, 20 s of silence. */
const LEASE_MS = 10 * 60_000;
const POLL_MS = 1_000;
/** The longest wait for a server that is away: then one mail of a batch asks for all. */
const LONGEST_WAIT_MS = 60_000;
/** After that long a mail would confuse more than it helps; the customer's page says the same, up to date. */
const GIVE_UP_AFTER_MS = 3 * 86_400_000;

export function createMailOutbox(deps: {
  db: Kysely<Database>;
  mailer: Mailer;
  links: Pick<CustomerLinks, 'create'>;
  log: Pick<Logger, 'info' | 'warn' | 'error'>;
}): MailOutbox {
  const { db, log } = deps;
  const stopping = new AbortController();
  let running: Promise<void> | null = null;

  async function dispatchOnce(): Promise<Round> {
    const claimed = await claimMails(db, BATCH, LEASE_MS);
    const waiting = claimed.values();
    let isServerAway = false;
    const sender = async () => {
      for (const mail of waiting) {
        if (isServerAway || stopping.signal.aborted) {
          await release(mail);
        } else {
          isServerAway = (await deal(mail)) === 'server away' || isServerAway;
        }
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, sender));
    return { claimed: claimed.length, isServerAway };
  }

  /** Sends one mail and writes down how it went. Never throws: one bad mail must not hold up the others. */
  async function deal(mail: ClaimedMail): Promise<'dealt with' | 'server away'> {
    const about = { notificationId: mail.id, enrollmentId: mail.enrollmentId, kind: mail.kind };
    try {
      const result = await send(mail);
      if ('givenUp' in result) {
        await giveUpMail(db, mail.id, result.givenUp);
        log.warn({ ...about, reason: result.givenUp }, 'mail given up');
      } else if ('failed' in result) {
        await postponeMail(db, mail.id, retryDelayMs(mail.attempts), result.failed);
        log.warn(
          { ...about, reason: result.failed, attempts: mail.attempts },
          'mail not sent, tried again later',
        );
        return result.isServerAway ? 'server away' : 'dealt with';
      } else {
        await markMailed(db, mail.id, result.messageId);
        log.info(about, 'mail sent');
      }
    } catch (error) {
      log.error({ ...about, err: error }, 'how a mail went could not be written down; it is due again later');
    }
    return 'dealt with';
  }

  /** Never throws either: a claim that cannot be given back is due again when its lease ends. */
  async function release({ id }: ClaimedMail): Promise<void> {
    await releaseMail(db, id).catch((error: unknown) => {
      log.error({ notificationId: id, err: error }, 'a claim could not be given back; it is due again later');
    });
  }

  async function send(
    mail: ClaimedMail,
  ): Promise<{ messageId: string } | { failed: string; isServerAway: boolean } | { givenUp: string }> {
    if (mail.email === null) {
      return { givenUp: NO_ADDRESS };
    }
    try {
      if (!isNotificationKind(mail.kind)) {
        throw new Error(`no words for the kind '${mail.kind}'`);
      }
      const messageId = await deps.mailer.send({
        notificationId: mail.id,
        address: mail.email,
        name: mail.name,
        kind: mail.kind,
        data: withoutEndedPlan(mail.data, mail),
        hasUnpaid: mail.hasUnpaid,
        locale: knownLocale(mail.locale) ?? 'en',
        // Made now, so that its days of validity count from when the customer gets it.
        link: await deps.links.create(mail.enrollmentId),
      });
      return { messageId };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (error instanceof MailRefused) {
        return { givenUp: `refused by the mail server: ${reason}` };
      }
      return Date.now() - mail.createdAt.getTime() > GIVE_UP_AFTER_MS
        ? { givenUp: `given up after ${mail.attempts} tries, the last: ${reason}` }
        : { failed: reason, isServerAway: error instanceof MailServerAway };
    }
  }

  async function run(): Promise<void> {
    let waitMs = POLL_MS;
    while (!stopping.signal.aborted) {
      try {
        const { claimed, isServerAway } = await dispatchOnce();
        waitMs = isServerAway ? Math.min(2 * waitMs, LONGEST_WAIT_MS) : POLL_MS;
        // More may be waiting: a full batch leaves others behind, and a mail that is gone makes room for the next of
        // its enrollment.
        if (claimed > 0 && !isServerAway) {
          continue;
        }
      } catch (error) {
        log.error({ err: error }, 'mails could not be claimed; tried again');
      }
      // Rejects when `stop()` ends the wait.
      await setTimeout(waitMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  return {
    dispatchOnce,
    start() {
      running ??= run();
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** Half a minute, doubled with each try, never more than six hours. @param attempts tries so far, 1 or more */
export function retryDelayMs(attempts: number): number {
  return Math.min(30_000 * 2 ** (attempts - 1), 6 * 3_600_000);
}
