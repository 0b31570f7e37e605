import { describe, expect, it } from '@jest/globals';
import { mentioned } from './pages-app.ts';
import { pages, test } from './pages-of-each-test.ts';
import { newEnrollmentId, seedEnrollment } from './rows.ts';

describe('a link that is not good', () => {
  it('gets the same words whatever is wrong with it', async () => {
    const known = await pages.pathOf(await seedEnrollment(test.db));
    const ofNothing = await pages.pathOf(newEnrollmentId());
    const bad = [
      `${known}x`,
      ofNothing,
      '/c/nonsense',
      `/c/${'a'.repeat(499)}`,
      '/c/%00',
      `${known}/nothing`,
    ];
    const answers = await Promise.all(bad.map((url) => pages.app.inject({ url })));
    expect(answers.map(({ statusCode }) => statusCode)).toEqual(bad.map(() => 404));
    const bodies = answers.map(({ body }) => body);
    expect(new Set(bodies).size).toBe(1);
    expect(mentioned(bodies[0] ?? '')).toContain('This page does not exist');
  });

  it('speaks the language that the browser asks for', async () => {
    const answer = await pages.app.inject({
      url: '/c/nonsense',
      headers: { 'accept-language': 'fr-FR, ja;q=0.8, en;q=0.5' },
    });
    expect(answer.body).toContain('ページが見つかりません');
  });

  it.each(['/account', '/return?session_id=cs_test_1', '/cancel', '/events', '/charges/chg_1/receipt'])(
    'opens nothing: %s',
    async (path) => {
      expect((await pages.app.inject({ url: `/c/nonsense${path}` })).statusCode).toBe(404);
    },
  );

  it('presses no button', async () => {
    for (const path of ['/cancel', '/checkout-sessions']) {
      const url = `/c/nonsense${path}`;
      const headers = { 'sec-fetch-site': 'same-origin' };
      expect((await pages.app.inject({ method: 'POST', url, headers })).statusCode).toBe(404);
    }
    expect(pages.billing.asked).toEqual([]);
  });
});
