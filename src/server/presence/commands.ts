import type { CommandHandlers } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { eyesOf } from "./eyes.ts";
import { personsById } from "./store.ts";

export const presenceCommands = {
  /** From now on the socket hears of these people, and of none that it asked for before. Who is not there is left out. */
  watch_presence: async (ctx, peer, { user_ids }) => {
    const { viewer } = peer;
    if (!viewer) throw new AppError("UNAUTHENTICATED");
    const persons = await personsById(ctx, user_ids);
    const eyes = await eyesOf(ctx, viewer);
    return {
      // In one go: what changes after the look comes after the answer.
      commit: (settle) => {
        peer.lookAt(persons.map(({ id }) => id));
        settle.done({ users: persons.map((person) => eyes.presence(person)) });
      },
    };
  },
} satisfies Partial<CommandHandlers>;
