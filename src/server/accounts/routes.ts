import type { Credentials } from "../../protocol/models.ts";
import * as requests from "../../protocol/requests.ts";
import type { Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { actorOf, body, ok, pageMeta, query, router, signedIn, type RouteContext } from "../route.ts";
import { checkAccessToken } from "./access-token.ts";
import { bearerToken } from "./authenticate.ts";
import { changePassword } from "./change-password.ts";
import { deleteMe } from "./delete-me.ts";
import { deviceName, type Device } from "./device.ts";
import { findPeople, readProfile } from "./find-people.ts";
import { inviteToRegister, registrationInvites, withdrawInvite } from "./invites.ts";
import { login } from "./login.ts";
import { readMe } from "./me.ts";
import type { IssuedCredentials } from "./open-session.ts";
import { giveRefreshCookie, refreshCookie, takeRefreshCookie, wantsCookie } from "./refresh-cookie.ts";
import { refresh } from "./refresh.ts";
import { register } from "./register.ts";
import { forgotPassword, resetPassword } from "./reset-password.ts";
import { endMySession, logout, logoutAll, logoutByRefreshToken, mySessions } from "./sessions.ts";
import { setStatus } from "./set-status.ts";
import { issueTicket } from "./ticket.ts";
import { updateMe } from "./update-me.ts";
import { changeEmail, verifyEmail } from "./verify-email.ts";

/** From where a request signs in. */
function deviceOf(c: RouteContext, givenName: string | undefined): Device {
  return { name: deviceName(givenName, c.req.header("user-agent")), address: c.var.address };
}

/** The tokens as the body has them; the refresh token goes into the cookie instead, for clients that ask for it. */
function handOver(ctx: Context, c: RouteContext, { refresh_token, ...rest }: IssuedCredentials): Credentials {
  c.header("cache-control", "no-store");
  if (!wantsCookie(c)) return { ...rest, refresh_token };
  giveRefreshCookie(ctx, c, refresh_token);
  return rest;
}

/** `/auth`, `/users`, and `/admin/invites`. */
export function accountRoutes(ctx: Context) {
  return router()
    .post("/auth/register", ...body(requests.register), async (c) => {
      const { user, credentials } = await register(ctx, c.req.valid("json"), {
        device: deviceOf(c, undefined),
        language: c.var.language,
      });
      return ok(c, { user, ...handOver(ctx, c, credentials) }, { status: 201 });
    })
    .post("/auth/login", ...body(requests.login), async (c) => {
      const input = c.req.valid("json");
      const { user, credentials } = await login(ctx, input, deviceOf(c, input.device_name));
      return ok(c, { user, ...handOver(ctx, c, credentials) });
    })
    .post("/auth/refresh", async (c) => {
      const header = c.req.header("authorization");
      const token = header === undefined ? refreshCookie(c) : bearerToken(header);
      if (token === undefined) throw new AppError("UNAUTHENTICATED");
      return ok(c, handOver(ctx, c, await refresh(ctx, token, c.var.address)));
    })
    .post("/auth/logout", async (c) => {
      const cookie = refreshCookie(c);
      if (!c.var.viewer && cookie !== undefined) await logoutByRefreshToken(ctx, cookie);
      else await logout(ctx, actorOf(c));
      takeRefreshCookie(ctx, c);
      return ok(c, null);
    })
    .post("/auth/logout-all", async (c) => {
      await logoutAll(ctx, actorOf(c));
      takeRefreshCookie(ctx, c);
      return ok(c, null);
    })
    .get("/auth/sessions", signedIn, query(requests.pageQuery), async (c) => {
      const page = c.req.valid("query");
      const { sessions, total } = await mySessions(ctx, actorOf(c), page);
      return ok(c, sessions, { meta: pageMeta(page, total) });
    })
    .delete("/auth/sessions/:id", async (c) => {
      await endMySession(ctx, actorOf(c), c.req.param("id"));
      return ok(c, null);
    })
    .post("/auth/password/forgot", ...body(requests.forgotPassword), (c) => {
      forgotPassword(ctx, c.req.valid("json").email, { address: c.var.address, language: c.var.language });
      return ok(c, null, { status: 202 });
    })
    .post("/auth/password/reset", ...body(requests.resetPassword), async (c) => {
      await resetPassword(ctx, c.req.valid("json"));
      return c.body(null, 204);
    })
    .post("/auth/email/verify", ...body(requests.verifyEmail), async (c) => {
      await verifyEmail(ctx, c.req.valid("json").token);
      return ok(c, null);
    })
    .post("/auth/ws-ticket", signedIn, async (c) => {
      const token = bearerToken(c.req.header("authorization") ?? "");
      return ok(c, { ticket: await issueTicket(ctx, await checkAccessToken(ctx, token)) });
    })

    .get("/users/me", async (c) => ok(c, await readMe(ctx, actorOf(c))))
    .on(["PATCH", "PUT"], "/users/me", signedIn, ...body(requests.updateMe), async (c) =>
      ok(c, await updateMe(ctx, actorOf(c), c.req.valid("json"))),
    )
    .put("/users/me/status", signedIn, ...body(requests.setStatus), async (c) =>
      ok(c, await setStatus(ctx, actorOf(c), c.req.valid("json"))),
    )
    .delete("/users/me", signedIn, ...body(requests.deleteMe), async (c) => {
      await deleteMe(ctx, actorOf(c), c.req.valid("json").password);
      takeRefreshCookie(ctx, c);
      return ok(c, null);
    })
    .put("/users/me/password", signedIn, ...body(requests.changePassword), async (c) => {
      await changePassword(ctx, actorOf(c), c.req.valid("json"));
      return ok(c, null);
    })
    .post("/users/me/email", signedIn, ...body(requests.changeEmail), async (c) => {
      await changeEmail(ctx, actorOf(c), c.req.valid("json"), c.var.language);
      return ok(c, null, { status: 202 });
    })
    .get("/users/search", signedIn, query(requests.searchUsersQuery), async (c) => {
      const input = c.req.valid("query");
      const { users, total } = await findPeople(ctx, actorOf(c), input);
      return ok(c, users, { meta: pageMeta(input, total) });
    })
    .get("/users/:id", signedIn, async (c) => ok(c, await readProfile(ctx, actorOf(c), c.req.param("id"))))

    .post("/admin/invites", signedIn, ...body(requests.createInvite), async (c) =>
      ok(c, await inviteToRegister(ctx, actorOf(c), c.req.valid("json")), { status: 201 }),
    )
    .get("/admin/invites", signedIn, query(requests.pageQuery), async (c) => {
      const page = c.req.valid("query");
      const { invites, total } = await registrationInvites(ctx, actorOf(c), page);
      return ok(c, invites, { meta: pageMeta(page, total) });
    })
    .delete("/admin/invites/:code", async (c) => {
      await withdrawInvite(ctx, actorOf(c), c.req.param("code"));
      return ok(c, null);
    });
}
