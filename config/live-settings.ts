/** What a live Stripe key asks of other settings: real customers are charged then, and mailed. Pure. */
import addressparser from 'nodemailer/lib/addressparser';

export interface LiveRule {
  name: 'PUBLIC_URL' | 'MAIL_FROM' | 'MERCHANT_NAME';
  holds: (value: string) => boolean;
  /** Follows «expected». */
  expected: string;
}

/** Good for a try; no customer knows whose they are, and no mail server takes mails from there. */
export const EXAMPLE_SENDER = 'Billing <billing@example.com>';
export const EXAMPLE_MERCHANT = 'Example Store';

export const LIVE_RULES: readonly LiveRule[] = [
  {
    // Customers' links and pages act for whoever has them, and Stripe leads real customers only to https:// addresses.
    name: 'PUBLIC_URL',
    holds: (address) => /^https:/i.test(address),
    expected: 'an address that begins with https://',
  },
  {
    name: 'MAIL_FROM',
    holds: (sender) => !/@example\.(com|net|org)$/i.test(addressparser(sender)[0]?.address ?? ''),
    expected: 'an address of your own',
  },
  { name: 'MERCHANT_NAME', holds: (name) => name !== EXAMPLE_MERCHANT, expected: 'the name of your company' },
];

export function isLiveKey(key: string): boolean {
  return /^[a-z]+_live_/.test(key);
}
