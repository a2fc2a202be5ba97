import { hkdfSync } from "node:crypto";
import { perContext } from "../context.ts";

/** The server's secret, never used as it is: one key a purpose, so that no token can pass for another kind. */
export const keys = perContext((ctx) => {
  const derive = (purpose: string) => new Uint8Array(hkdfSync("sha256", ctx.secret, "", `parley ${purpose} v1`, 32));
  return { accessToken: derive("access token"), refreshToken: derive("refresh token") };
});
