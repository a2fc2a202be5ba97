import { packed } from "./packed.ts" with { type: "macro" };

export const text = packed("en");
