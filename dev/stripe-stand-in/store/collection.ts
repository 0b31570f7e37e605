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
  const byId = new Map<string, { object: T; position: number; seq: number }>();
  // A deleted object leaves a gap, so that deleting costs the same however many there are.
  let ordered: (T | undefined)[] = [];

  const add = (object: T, seq: number) => {
    byId.set(object.id, { object, position: ordered.length, seq });
    ordered.push(object);
  };
  const closeGaps = () => {
    ordered = ordered.filter((object) => object !== undefined);
    ordered.forEach((object, position) => {
      const entry = object && byId.get(object.id);
      if (entry !== undefined) entry.position = position;
    });
  };
  const touch = (id: string, seq: number) => {
    const json = () => {
      const entry = byId.get(id);
      return entry?.seq === seq ? JSON.stringify(entry.object) : null;
    };
    db.touch({ seq, kind, id, json });
  };
  for (const row of db.sql('SELECT seq, json FROM objects WHERE kind = ? ORDER BY seq').all(kind)) {
    const object: T = JSON.parse(String(row.json));
    add(object, Number(row.seq));
  }

  return {
    get: (id) => byId.get(id)?.object,
    insert(object) {
      if (byId.has(object.id)) throw new Error(`${kind} ${object.id} exists already`);
      const seq = db.nextObjectSeq();
      add(object, seq);
      touch(object.id, seq);
      return object;
    },
    update(object, change) {
      Object.assign(object, change);
      const entry = byId.get(object.id);
      // An object that is not stored yet is written when it is inserted.
      if (entry !== undefined) touch(object.id, entry.seq);
      return object;
    },
    delete(id) {
      const entry = byId.get(id);
      if (entry === undefined) return;
      byId.delete(id);
      ordered[entry.position] = undefined;
      if (ordered.length > 1000 && byId.size < ordered.length / 2) closeGaps();
      touch(id, entry.seq);
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
