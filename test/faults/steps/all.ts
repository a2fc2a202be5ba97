import type { Step } from "../state-world.ts";
import { accountSteps } from "./accounts.ts";
import { blockSteps, friendSteps } from "./friends.ts";
import { directSteps } from "./directs.ts";
import { messageLifeSteps } from "./message-life.ts";
import { messageSteps } from "./messages.ts";
import { moderationSteps } from "./moderation.ts";
import { notificationSteps } from "./notifications.ts";
import { presenceSteps } from "./presence.ts";
import { reactionSteps } from "./reactions.ts";
import { roomSteps } from "./rooms.ts";
import { togetherSteps } from "./together.ts";

/** Every verb that changes somebody's state, in an order in which each finds what it needs. */
export const steps: readonly Step[] = [
  ...messageSteps,
  ...messageLifeSteps,
  ...reactionSteps,
  ...friendSteps,
  ...blockSteps,
  ...directSteps,
  ...notificationSteps,
  ...togetherSteps,
  ...roomSteps,
  ...moderationSteps,
  ...presenceSteps,
  ...accountSteps,
];
