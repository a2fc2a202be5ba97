import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout } from "bun:test";
import type { Browser } from "playwright-core";
import { chromiumLack, launchBrowser, Visit, type VisitOptions } from "./browser.ts";
import type { Reachable } from "../support/people.ts";

/** A suite that needs browsers: skipped by name where there is none. */
export function describeInBrowser(name: string, suite: () => void): void {
  // Without one, a plain `bun test` gives a test five seconds.
  setDefaultTimeout(60_000);
  describe.skipIf(chromiumLack !== undefined)(chromiumLack === undefined ? name : `${name} (${chromiumLack})`, suite);
}

/** Opens windows, each person's in a browser of their own; after every test all are closed, and none may have failed. */
export function useBrowsers(server: () => Reachable): (name: string, options?: VisitOptions) => Promise<Visit> {
  const browsers = new Map<string, Browser>();
  let visits: Visit[] = [];

  beforeAll(async () => {
    for (const name of ["ann", "ben"]) browsers.set(name, await launchBrowser());
  });
  afterAll(async () => {
    await Promise.all([...browsers.values()].map((browser) => browser.close()));
  });
  afterEach(async () => {
    const errors = visits.flatMap((visit) => visit.errors);
    await Promise.all(visits.map((visit) => visit.close()));
    visits = [];
    expect(errors).toEqual([]);
  });

  return async (name, options = {}) => {
    const browser = browsers.get(name);
    if (!browser) throw new Error(`${name} has no browser`);
    const visit = await Visit.open(browser, options.server ?? server(), options);
    visits.push(visit);
    return visit;
  };
}
