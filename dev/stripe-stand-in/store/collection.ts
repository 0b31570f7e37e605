// Objects of one kind, in the order they were made. Reads come from memory; changes go through here so that the
// database hears of every one of them.

import type { Database } from './database.ts';

export interface Collection<T extends { id: string }> {
  get(id: string): T | undefined;
  insert<O extends T>(object: O): O;
  /** The only way to change a stored object: in place, so that everyone who holds it sees it. */
  update<O extends T>(object: O, change: Partial<T>): O;
  delete(id: string): void;
  newestFirst(): IterableIterator<T>;
  size(): number;
}

export function openCollection<T extends { id: string }>(db: Database, kind: string): Collection<T> {
  const byId = new Map<string, { object: T; position: number }>();
  // A deleted object leaves a gap, so that deleting costs the same however many there are.
  let ordered: (T | undefined)[] = [];

  const add = (object: T) => {
    byId.set(object.id, { object, position: ordered.length });
    ordered.push(object);
  };
  const closeGaps = () => {
    const kept = ordered.filter((object) => object !== undefined);
    ordered = [];
    for (const object of kept) add(object);
  };
  const touch = (id: string) => {
    const json = () => {
      const entry = byId.get(id);
      return entry === undefined ? null : JSON.stringify(entry.object);
    };
    db.touch({ kind, id, json });
  };
  for (const row of db.sql('SELECT json FROM objects WHERE kind = ? ORDER BY seq').all(kind)) {
    const object: T = JSON.parse(String(row.json));
    add(object);
  }

  return {
    get: (id) => byId.get(id)?.object,
    insert(object) {
      if (byId.has(object.id)) throw new Error(`${kind} ${object.id} exists already`);
      add(object);
      touch(object.id);
      return object;
    },
    update(object, change) {
      Object.assign(object, change);
      touch(object.id);
      return object;
    },
    delete(id) {
      const entry = byId.get(id);
      if (entry === undefined) return;
      byId.delete(id);
      ordered[entry.position] = undefined;
      if (ordered.length > 1000 && byId.size < ordered.length / 2) closeGaps();
      touch(id);
    },
    *newestFirst() {
      for (let i = ordered.length - 1; i >= 0; i--) {
        const object = ordered[i];
        if (object !== undefined) yield object;
      }
    },
    size: () => byId.size,
  };
}
