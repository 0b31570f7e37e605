/** When an open Checkout Session is no place to send a customer to any more: they must have time to find their card. */

/** One with less time left is replaced when somebody asks for one. */
export const LEAST_TIME_LEFT_MS = 10 * 60_000;
