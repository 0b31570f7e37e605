import { it } from '@jest/globals';
import { createClock } from '../../dev/stripe-stand-in/clock.ts';
import { createDeliveries } from '../../dev/stripe-stand-in/events/deliveries.ts';
import { DEFAULT_SETTINGS } from '../../dev/stripe-stand-in/settings.ts';
import { openDatabase } from '../../dev/stripe-stand-in/store/database.ts';
import { openWorld } from '../../dev/stripe-stand-in/store/world.ts';
import { waitFor } from '../support/wait.ts';

it('sends a retry that comes due while the stand-in looks for what is due', async () => {
  const db = openDatabase(undefined);
  let ms = 999;
  const clock = createClock(() => ms++);
  const world = () => openWorld(db, 'test', clock, DEFAULT_SETTINGS);
  const worlds = { test: world(), live: world() };
  db.sql(
    `INSERT INTO deliveries (mode, event_id, endpoint_id, state, attempts, due_ms)
     VALUES ('test', 'evt_1', 'we_gone', 'pending', 1, ?)`,
  ).run(ms + 1);
  const deliveries = createDeliveries(
    db,
    clock,
    DEFAULT_SETTINGS,
    () => worlds,
    () => {},
  );
  deliveries.wake();
  await waitFor('the attempt', async () => db.sql('SELECT attempts FROM deliveries').get()?.attempts === 2);
  await deliveries.close();
  db.close();
});
