import { describe, expect, it } from '@jest/globals';
import { readExtract } from '../../dev/conformance/openapi.ts';
import { createValidator } from '../../dev/conformance/validator.ts';
import { buildCustomer } from '../../dev/stripe-stand-in/objects/customer.ts';

const validator = createValidator(await readExtract());
const customer = buildCustomer({
  created: 1,
  livemode: false,
  address: null,
  description: null,
  email: null,
  name: null,
  phone: null,
  preferredLocales: [],
  shipping: null,
  metadata: {},
  defaultPaymentMethod: null,
});

describe('the validator', () => {
  it('accepts an object that fits the description', () => {
    expect(validator.object(customer)).toEqual([]);
  });
  it('refuses a member that the description does not name', () => {
    expect(validator.object({ ...customer, nonsense: 1 }).join()).toMatch(/nonsense/);
  });
  it('refuses a member of another type', () => {
    expect(validator.object({ ...customer, created: 'now' }).join()).toMatch(/created/);
  });
  it('refuses an object without a required member', () => {
    const { livemode: _, ...rest } = customer;
    expect(validator.object(rest).join()).toMatch(/livemode/);
  });
  it('looks into the object of an event', () => {
    const event = { id: 'evt_1', object: 'event', data: { object: { ...customer, nonsense: 1 } } };
    expect(validator.object(event).join()).toMatch(/event: .*nonsense/);
  });

  it('accepts a request that Stripe would', () => {
    const body =
      'amount=1099&currency=usd&metadata[a]=b&expand[0]=latest_charge&off_session=true&confirm=true';
    expect(validator.request('POST', '/v1/payment_intents', body)).toEqual([]);
  });
  it.each([
    ['amount=ten&currency=usd', /amount must be an integer/],
    ['currency=usd', /amount is missing/],
    ['amount=1&currency=usd&nonsense=1', /nonsense is not a parameter/],
    ['amount=1&currency=usd&confirm=maybe', /confirm must be true or false/],
    ['amount=1&currency=usd&capture_method=later', /capture_method must be one of/],
    ['amount=1&currency=usd&payment_method_types[0]=card', /payment_method_types is not a parameter/],
    ['amount=1&currency=usd&expand=latest_charge', /expand must be an array/],
  ])('refuses %s', (body, message) => {
    expect(validator.request('POST', '/v1/payment_intents', body).join()).toMatch(message);
  });
  it('refuses an endpoint that Stripe does not have', () => {
    expect(validator.request('POST', '/v1/nothing', '')).toEqual([
      'POST /v1/nothing is not in the description',
    ]);
  });
});
