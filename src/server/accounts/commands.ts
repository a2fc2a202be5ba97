import { AppError } from "../platform/app-error.ts";
import { wireTime } from "../platform/clock.ts";
import type { CommandHandlers } from "../context.ts";
import { presence } from "../presence/presence.ts";
import { checkAccessToken } from "./access-token.ts";
import { setStatus } from "./set-status.ts";

export const accountCommands = {
  /** A fresh token of the same person lets the socket live on. */
  authenticate: async (ctx, peer, { token }) => {
    const { actor, expiresAtMs } = await checkAccessToken(ctx, token);
    if (actor.id !== peer.viewer?.id) throw new AppError("UNAUTHENTICATED");
    peer.renew(expiresAtMs);
    return { expires_at: wireTime(expiresAtMs) };
  },
  /** What a device notices by itself is its own: a person is away by it only when all of theirs are. */
  set_status: async (ctx, peer, { status, auto }) => {
    const { viewer } = peer;
    if (!viewer) throw new AppError("UNAUTHENTICATED");
    if (!auto) await setStatus(ctx, viewer, { status });
    const isIdle = auto && status === "away";
    if (peer.setIdle(isIdle)) presence(ctx).idle(viewer.key, isIdle);
    return {};
  },
} satisfies Partial<CommandHandlers>;
