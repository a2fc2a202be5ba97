import { randomBytes } from "node:crypto";
import type { z } from "zod";
import type { RegistrationInvite } from "../../protocol/models.ts";
import type { createInvite as createInviteRequest } from "../../protocol/requests.ts";
import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { wireTimeOrNull } from "../platform/clock.ts";
import { links } from "./links.ts";
import { people } from "./people.ts";
import { deleteInvite, insertInvite, listInvites, type InviteRow } from "./store.ts";

/** Invitations to register are the administrators'. Throws `FORBIDDEN`. */
function demandAdministrator(actor: Actor): void {
  if (actor.role !== "admin") throw new AppError("FORBIDDEN");
}

/** Makes an invitation; without bounds it works any number of times, for ever. */
export async function inviteToRegister(
  ctx: Context,
  actor: Actor,
  { max_uses, expires_in_s }: z.output<typeof createInviteRequest>,
): Promise<RegistrationInvite> {
  demandAdministrator(actor);
  const now = ctx.clock.now();
  const invite: InviteRow = {
    code: randomBytes(12).toString("base64url"),
    created_by_key: actor.key,
    max_uses: max_uses ?? null,
    uses: 0,
    expires_at: expires_in_s === undefined ? null : now + expires_in_s * 1000,
    created_at: now,
  };
  await ctx.db.write((tx) => insertInvite(ctx, tx, invite));
  return wireInvite(ctx, invite, actor.id);
}

/** All invitations, the newest first. */
export async function registrationInvites(
  ctx: Context,
  actor: Actor,
  { page, per_page }: { page: number; per_page: number },
): Promise<{ invites: RegistrationInvite[]; total: number }> {
  demandAdministrator(actor);
  const { rows, total } = await listInvites(ctx, { page, per_page });
  const makers = await people(ctx).byKeys(rows.flatMap((row) => row.created_by_key ?? []));
  const invites = rows.map((row) =>
    wireInvite(ctx, row, row.created_by_key === null ? null : (makers.get(row.created_by_key)?.id ?? null)),
  );
  return { invites, total };
}

/** Throws `INVITE_NOT_FOUND`. */
export async function withdrawInvite(ctx: Context, actor: Actor, code: string): Promise<void> {
  demandAdministrator(actor);
  if (!(await ctx.db.write((tx) => deleteInvite(ctx, tx, code)))) throw new AppError("INVITE_NOT_FOUND");
}

function wireInvite(ctx: Context, row: InviteRow, createdBy: string | null): RegistrationInvite {
  return {
    code: row.code,
    url: links(ctx).invite(row.code),
    created_by: createdBy,
    max_uses: row.max_uses,
    uses: row.uses,
    expires_at: wireTimeOrNull(row.expires_at),
  };
}
