import { afterAll, describe, expect, it } from '@jest/globals';
import { LOCALES } from '../../domain/format.ts';
import { NOTIFICATION_KINDS } from '../../domain/notifications.ts';
import { buildMailPreview } from '../../mail/preview.ts';
import { htmlFaults } from '../support/html.ts';

describe('buildMailPreview', () => {
  const app = buildMailPreview({ merchantName: 'Kissa' });
  afterAll(() => app.close());

  it('lists every mail in every language, each of which opens in both forms', async () => {
    const index = (await app.inject('/')).body;
    expect(htmlFaults(index)).toEqual([]);
    for (const kind of [...NOTIFICATION_KINDS, 'charge_failed-temporary', 'charge_failed-expired_card']) {
      for (const locale of LOCALES) {
        expect(index).toContain(`href="/${kind}/${locale}/html"`);
        const html = await app.inject(`/${kind}/${locale}/html`);
        const text = await app.inject(`/${kind}/${locale}/text`);
        expect([html.statusCode, text.statusCode]).toEqual([200, 200]);
        expect(html.headers['content-type']).toContain('text/html');
        expect(text.body).toContain('Kissa');
      }
    }
  });

  it('answers 404 for what is not there', async () => {
    for (const url of ['/charge_failed/fr/html', '/nothing/en/html', '/charge_failed/en/pdf']) {
      expect((await app.inject(url)).statusCode).toBe(404);
    }
  });
});
