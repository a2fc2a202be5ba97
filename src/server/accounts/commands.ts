import { AppError } from "../platform/app-error.ts";
import { wireTime } from "../platform/clock.ts";
import type { CommandHandlers } from "../context.ts";
import { checkAccessToken } from "./access-token.ts";

export const accountCommands = {
  /** A fresh token of the same person lets the socket live on. */
  authenticate: async (ctx, peer, { token }) => {
    const { actor, expiresAtMs } = await checkAccessToken(ctx, token);
    if (actor.id !== peer.viewer?.id) throw new AppError("UNAUTHENTICATED");
    peer.renew(expiresAtMs);
    return { expires_at: wireTime(expiresAtMs) };
  },
} satisfies Partial<CommandHandlers>;
