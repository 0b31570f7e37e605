/**
 * What takes out of kept webhooks what was kept of them before it was left out: addresses that let their bearer act for
 * the customer, client secrets in them, and personal data in disputes and payment methods. Immutable: what
 * `domain/event-redaction.ts` leaves out is written here as it was then.
 *
 * It makes the functions alone: this transaction may hold locks on the whole inbox (0012 does), and rewriting the inbox
 * takes minutes. `db/redact-kept-events.ts` does that after the commit. `redact_stripe_events` is for what an API of
 * before takes in until it stops, and for rows from a backup: one UPDATE, which looks at the text of each row that came
 * in since (0.1 ms) and writes those alone that hold such a thing (1 ms on two busy cores), each locked until it ends.
 * Calling it again changes nothing.
 */
import { type Kysely, sql } from 'kysely';

const NAMES =
  'client_secret|next_action|customer_details|collected_information|billing_details|shipping|shipping_details|' +
  'evidence|custom_fields|payer_details|payer_id|buyer_id|cashtag|pay_id|vpa|iban|account_number|tax_id|' +
  'date_of_birth|confirmation_number|user_agent|source|sources|owner';
const ENDINGS = 'url|email|phone|name|address|ip|dob';

const IS_LEFT_OUT = sql.lit(`^(?:${NAMES})$|(?:^|_)(?:${ENDINGS})$`);
/** Of a payload as text: whether there is something to take out. */
export const HOLDS_SUCH = sql.lit(`(?:"(?:${NAMES})|["_](?:${ENDINGS}))": (?!null|"\\[redacted\\]")`);

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function redacted_event(value jsonb) returns jsonb language plpgsql immutable parallel safe as $$
    begin
      if jsonb_typeof(value) = 'object' then
        return (
          select coalesce(jsonb_object_agg(name, case
            when part <> 'null' and name ~ ${IS_LEFT_OUT} then '"[redacted]"'
            when jsonb_typeof(part) in ('object', 'array') then redacted_event(part)
            else part
          end), '{}')
          from jsonb_each(value) as fields (name, part));
      elsif jsonb_typeof(value) = 'array' then
        return (
          select coalesce(jsonb_agg(redacted_event(part) order by place), '[]')
          from jsonb_array_elements(value) with ordinality as parts (part, place));
      end if;
      return value;
    end $$;

    create function redact_stripe_events(received_since timestamptz) returns bigint language sql as $$
      with redacted as (
        update stripe_events set payload = redacted_event(payload)
        where received_at >= received_since and payload::text ~ ${HOLDS_SUCH}
        returning 1
      )
      select count(*) from redacted;
    $$;
  `.execute(db);
}
