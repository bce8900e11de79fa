import { useSyncExternalStore } from "react";
import type { Observable } from "../provider";

/** The value of an observable, or the part of it that `select` takes; renders when that changes. */
export function useObservable<T>(observable: Observable<T>): T;
export function useObservable<T, S extends Primitive>(
  observable: Observable<T>,
  select: (value: T) => S,
): S;
export function useObservable<T, S>(observable: Observable<T>, select?: (value: T) => S): T | S {
  return useSyncExternalStore(observable.subscribe, () => {
    const value = observable.get();
    return select === undefined ? value : select(value);
  });
}

/** What can be compared; a selector that makes objects would render for ever. */
type Primitive = string | number | boolean | null;
