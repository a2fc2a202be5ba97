import { expect, test } from "bun:test";
import { createStore } from "../../src/sdk/store.ts";

const add = (sum: number, term: number) => sum + term;

test("subscribers hear of every change, and not of none", () => {
  const store = createStore(0, add);
  const heard: number[] = [];
  const stop = store.subscribe(() => heard.push(store.getSnapshot()));
  store.dispatch(1);
  store.dispatch(0);
  store.dispatch(2);
  stop();
  store.dispatch(3);
  expect(heard).toEqual([1, 3]);
});

test("a schedule gathers many changes into one notification, while the state itself is always the latest", () => {
  const frames: (() => void)[] = [];
  const store = createStore(0, add, (notify) => void frames.push(notify));
  const heard: number[] = [];
  store.subscribe(() => heard.push(store.getSnapshot()));
  store.dispatch(1);
  store.dispatch(2);
  expect(store.getSnapshot()).toBe(3);
  expect(heard).toEqual([]);
  for (const frame of frames.splice(0)) frame();
  expect(heard).toEqual([3]);
  store.dispatch(1);
  expect(frames.length).toBe(1);
});
