import { expect, test } from "bun:test";
import { onlineNames, statusOf } from "../capability/presence-rig.ts";
import { forEachDialect } from "../support/dialects.ts";
import { people } from "../support/people.ts";
import { spawnServer } from "../support/server-process.ts";

forEachDialect((dialect) => {
  test("a kill leaves nobody online who is not there", async () => {
    const server = await spawnServer({ dialect });
    try {
      const { ann, ben, cleo } = await people(server, "ann", "ben", "cleo");
      for (const person of [ann, ben, cleo]) await person.connect();
      await cleo.http("PUT", "/users/me/status", { status: "busy" });
      expect(await onlineNames(ann)).toEqual(["ann", "ben", "cleo"]);
      await server.kill();
      await server.start();
      expect(await onlineNames(ann)).toEqual([]);
      expect((await statusOf(ann, ben)).status).toBe("offline");
      await ann.connect();
      await cleo.connect();
      expect(await onlineNames(ann)).toEqual(["ann", "cleo"]);
      // What was chosen is stored; who is there is not.
      expect((await statusOf(ann, cleo)).status).toBe("busy");
    } finally {
      await server.stop();
    }
  });
});
