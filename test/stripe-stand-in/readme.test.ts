import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { machineControls } from '../../dev/stripe-stand-in/control/machine.ts';
import { objectControls } from '../../dev/stripe-stand-in/control/objects.ts';

const folder = new URL('../../dev/stripe-stand-in/', import.meta.url);
const readme = await readFile(new URL('README.md', folder), 'utf8');
const main = await readFile(new URL('main.ts', folder), 'utf8');
const named = [...readme.matchAll(/`(GET|POST) ([a-z_/:]+)`/g)].map(
  ([, method, path]) => `${method} ${path}`,
);

describe('the stand-in’s README', () => {
  it('names every control', () => {
    const missing = [...machineControls, ...objectControls].filter(
      (control) => !named.some((name) => fits(control, name)),
    );
    expect(missing.map((control) => `${control.method} ${control.path}`)).toEqual([]);
  });
  it('names no control that does not exist', () => {
    const controls = [...machineControls, ...objectControls];
    const unknown = named.filter(
      (name) => !name.includes('/v1') && !controls.some((control) => fits(control, name)),
    );
    expect(unknown.filter((name) => !name.includes('_control'))).toEqual([]);
  });
  it('names every setting of the command, and no other', () => {
    const read = [...main.matchAll(/STRIPE_STAND_IN_[A-Z_]+/g)].map(([name]) => name);
    const told = [...readme.matchAll(/STRIPE_STAND_IN_[A-Z_]+/g)].map(([name]) => name);
    expect(new Set(told)).toEqual(new Set(read));
  });
});

function fits(control: { method: string; path: RegExp }, name: string): boolean {
  const [method, path = ''] = name.split(' ');
  return control.method === method && control.path.test(`/_control/${path.replace(':id', 'x')}`);
}
