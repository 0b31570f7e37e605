/** The two journeys: a payment that works, and one that is declined and then solved by the customer. */
import { enroll, onlyPaymentIntent, untilCharge } from './enroll.ts';
import { eventually, expect, type Narrator } from './narrator.ts';
import { payWithCard, type World } from './world.ts';

const GOOD_CARD = '4242 4242 4242 4242';
/** Can be saved; a later charge is declined. */
const DECLINED_LATER_CARD = '4000 0000 0000 0341';

export async function enrollAndPay(world: World, narrator: Narrator, email: string): Promise<void> {
  narrator.heading('1. Enroll and pay: coffee beans, ¥1,200, once');
  const { page, enrollmentId, orderUrl } = await enroll(world, narrator, {
    sku: 'coffee-beans',
    email,
    card: GOOD_CARD,
  });
  const enrollment = await narrator.step(
    'The first charge has succeeded, says the API',
    async () => {
      const seen = await untilCharge(world, enrollmentId, 'succeeded');
      expect('the amount', seen.latest_charge?.amount_minor, 1200);
      expect('the currency', seen.latest_charge?.currency, 'jpy');
      return eventually(async () => {
        const ended = await world.enrollment(enrollmentId);
        expect('the enrollment', ended.status, 'completed');
        return ended;
      });
    },
    (seen) => `¥1,200 with ${seen.payment_method?.brand} •••• ${seen.payment_method?.last4}`,
  );
  narrator.look('enrollment', `${world.urls.api}/v1/enrollments/${enrollmentId}`);
  await narrator.step('Stripe has one PaymentIntent, and it succeeded', async () => {
    const intent = await onlyPaymentIntent(world, enrollment);
    expect('its status', intent.status, 'succeeded');
    expect('the amount received', intent.amount_received, 1200);
  });
  await narrator.step("The customer's page says so", () =>
    eventually(async () => {
      await page.reload();
      const text = (await page.locator('main').textContent()) ?? '';
      if (!text.includes('¥1,200') || !/paid|received|thank you/i.test(text)) {
        throw new Error(`the page says: ${text.slice(0, 300)}`);
      }
    }),
  );
  await narrator.step("The shop's page says so", () =>
    eventually(async () => {
      await page.goto(orderUrl);
      expect('the state', await page.locator('[data-status]').getAttribute('data-status'), 'completed');
    }),
  );
  narrator.look('order', orderUrl);
  await narrator.step(
    'The customer has a mail',
    () => eventually(() => mailMatching(world, email, /received/i)),
    (mail) => `“${mail.subject}”`,
  );
  narrator.look('mails', world.urls.mails);
  await seenInTemporal(world, narrator, enrollment);
}

export async function declineAndRecover(world: World, narrator: Narrator, email: string): Promise<void> {
  narrator.heading('2. A decline: the monthly box, ¥980, with a card that is declined');
  const { page, enrollmentId, checkoutUrl } = await enroll(world, narrator, {
    sku: 'monthly-box',
    email,
    card: DECLINED_LATER_CARD,
  });
  const declined = await narrator.step(
    'The card is saved, and the charge is declined',
    async () => {
      const seen = await untilCharge(world, enrollmentId, 'requires_payment_method');
      expect('the enrollment', seen.status, 'past_due');
      expect('the number of attempts', seen.latest_charge?.attempts, 1);
      return seen;
    },
    (seen) => `${seen.latest_charge?.last_code}`,
  );
  narrator.look('enrollment', `${world.urls.api}/v1/enrollments/${enrollmentId}`);
  await narrator.step('Its PaymentIntent waits for another payment method', async () => {
    expect('its status', (await onlyPaymentIntent(world, declined)).status, 'requires_payment_method');
  });
  await narrator.step('There is a notice in the application', () =>
    eventually(async () => {
      const notices = await world.notifications(enrollmentId);
      expect('the notice', notices.map((notice) => notice.kind).join(', '), 'charge_failed');
    }),
  );
  const mail = await narrator.step(
    'The customer has a mail with a link',
    () => eventually(() => mailMatching(world, email, /did not go through/i)),
    (seen) => `“${seen.subject}”`,
  );
  narrator.look('mails', world.urls.mails);
  const link = mail.text.split(/\s+/).find((word) => word.startsWith(`${world.urls.api}/c/`)) ?? '';
  narrator.look('customer link', link);
  const secondCheckoutUrl = await narrator.step('The link opens a new Checkout Session', async () => {
    await page.goto(link);
    await page.locator('#cardNumber').waitFor();
    if (page.url() === checkoutUrl) {
      throw new Error('it is the session that was used before');
    }
    return page.url();
  });
  narrator.look('Checkout page', secondCheckoutUrl);
  const recovered = await narrator.step(
    'With a good card the same PaymentIntent succeeds, once',
    async () => {
      await payWithCard(page, { number: GOOD_CARD, email });
      await page.waitForURL(`${world.urls.api}/c/**`);
      const seen = await untilCharge(world, enrollmentId, 'succeeded');
      expect(
        'its PaymentIntent',
        seen.latest_charge?.payment_intent_id,
        declined.latest_charge?.payment_intent_id,
      );
      expect('the number of attempts', seen.latest_charge?.attempts, 2);
      expect('the next attempt', seen.latest_charge?.next_attempt_at, null);
      expect('what was collected', seen.amount_collected_minor, 980);
      const intent = await onlyPaymentIntent(world, seen);
      const { data: charges } = await world.stripe.charges.list({ payment_intent: intent.id, limit: 10 });
      expect('the number of successful charges', charges.filter((charge) => charge.paid).length, 1);
      return eventually(async () => {
        const active = await world.enrollment(enrollmentId);
        expect('the enrollment', active.status, 'active');
        return active;
      });
    },
  );
  await narrator.step(
    'The customer has a mail that it is solved',
    () => eventually(() => mailMatching(world, email, /^solved/i)),
    (seen) => `“${seen.subject}”`,
  );
  await seenInTemporal(world, narrator, recovered);
}

async function mailMatching(world: World, email: string, subject: RegExp) {
  const mails = await world.mails(email);
  const found = mails.find((mail) => subject.test(mail.subject));
  if (!found) {
    const subjects = mails.map((mail) => mail.subject);
    throw new Error(`mails to ${email}: ${JSON.stringify(subjects)}, expected one matching ${subject}`);
  }
  return found;
}

async function seenInTemporal(
  world: World,
  narrator: Narrator,
  enrollment: { workflow_id: string; temporal_ui_url: string | null },
): Promise<void> {
  const texts = await narrator.step(
    'The Temporal UI says in words what happened and what comes next',
    async () => {
      const seen = await world.workflowTexts(enrollment.workflow_id);
      if (!seen.summary || !seen.details) {
        throw new Error(`summary ${JSON.stringify(seen.summary)}, details ${JSON.stringify(seen.details)}`);
      }
      return seen;
    },
  );
  narrator.look('summary', texts.summary);
  narrator.look('details', texts.details.split('\n')[0] ?? '');
  narrator.look('Workflow', enrollment.temporal_ui_url);
}
