import { expect, it } from '@jest/globals';
import { defect } from '../../activities/defect.ts';
import { DEFECTS } from '../../domain/errors.ts';

// Retry policies name no types: a defect that did not say so itself would be tried for ever.
it.each(Object.values(DEFECTS))('%s says of itself that it is not to be retried', (type) => {
  expect(defect(type, 'seen')).toMatchObject({ type, message: 'seen', nonRetryable: true });
});
