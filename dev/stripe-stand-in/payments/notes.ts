// The hidden notes of an intent, made when they are first needed.

import type { IntentNotes } from '../store/records.ts';
import type { World } from '../store/world.ts';

export function changeNotes(world: World, intent: string, change: Partial<IntentNotes>): IntentNotes {
  const known = world.intentNotes.get(intent);
  if (known !== undefined) return world.intentNotes.update(known, change);
  return world.intentNotes.insert({
    id: intent,
    confirmations: 0,
    session: null,
    offSession: false,
    authenticated: false,
    microdepositTries: 0,
    cancelUntil: 0,
    ...change,
  });
}
