import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createRenderer } from '../../templates/renderer.ts';

describe('createRenderer', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'templates-'));
    mkdirSync(join(folder, 'pages'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function withTemplate(content: string) {
    writeFileSync(join(folder, 'pages/own.liquid'), content);
    return createRenderer({ merchantName: 'A & B', templatesDir: folder });
  }

  it('escapes in HTML and not in text, sentences and names of the company too', async () => {
    const renderer = withTemplate(`{{ value }} {{ 'page.return' | t }} {{ merchant }}`);
    const model = { value: '<b>"x"</b>' };
    expect(await renderer.html('pages/own.liquid', 'en', model)).toBe(
      '&lt;b&gt;&#34;x&#34;&lt;/b&gt; Back to A &amp; B A &amp; B',
    );
    expect(await renderer.text('pages/own.liquid', 'en', model)).toBe('<b>"x"</b> Back to A & B A & B');
  });

  it('formats by the language of the page, inside of partial templates too', async () => {
    writeFileSync(
      join(folder, 'pages/part.liquid'),
      `{{ minor | money: 'jpy' }} {{ at | day: 'Asia/Tokyo' }}`,
    );
    const renderer = withTemplate(`{% render 'pages/part.liquid', minor: 500, at: '2026-11-23T20:00:00Z' %}`);
    expect(await renderer.html('pages/own.liquid', 'ja', {})).toBe('\uffe5500 2026年11月24日');
  });

  it('shows no gap for a value that is not there', async () => {
    await expect(withTemplate('{{ nothing.at.all }}').html('pages/own.liquid', 'en', {})).rejects.toThrow(
      /undefined variable/,
    );
  });

  it.each([
    ['{% if x %}', /tag .* not closed/],
    ['{{ x | nothing }}', /undefined filter/],
  ])('stops the start for a template that is wrong: %s', (content, message) => {
    expect(() => withTemplate(content)).toThrow(message);
  });

  it('stops the start when the folder is not there', () => {
    expect(() => createRenderer({ merchantName: 'x', templatesDir: join(folder, 'gone') })).toThrow(
      /gone' does not exist/,
    );
  });

  it('takes a file of the company before ours', () => {
    writeFileSync(join(folder, 'pages/customer.css'), 'body { color: teal }');
    const renderer = withTemplate('');
    expect(renderer.file('pages/customer.css')).toBe('body { color: teal }');
    expect(renderer.file('pages/customer.js')).toContain('EventSource');
  });
});
