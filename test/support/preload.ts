import { setDefaultTimeout } from "bun:test";

/** Real servers, processes and databases on shared machines: a test that fails for slowness alone helps nobody. */
setDefaultTimeout(30_000);
