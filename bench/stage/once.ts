/** Something that is made when it is first asked for, and only then. */

export interface Once<T> {
  (): Promise<T>;
  /** What is being made or was made; undefined when nobody has asked. */
  started(): Promise<T> | undefined;
}

export function once<T>(make: () => Promise<T>): Once<T> {
  let made: Promise<T> | undefined;
  const ask = () => {
    made ??= make();
    return made;
  };
  return Object.assign(ask, { started: () => made });
}
