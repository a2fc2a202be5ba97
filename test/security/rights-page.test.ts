import { expect, test } from "bun:test";
import { join } from "node:path";
import { mayIn, roomRights, type RoomRightName, type Standing } from "../../src/protocol/rights.ts";
import { projectRoot } from "../support/source-files.ts";

const room = { type: "public", is_lobby: false } as const;
const columns: Record<string, Standing> = {
  guest: { room, system: null, role: null },
  user: { room, system: "user", role: null },
  member: { room, system: "user", role: "member" },
  "muted member": { room, system: "user", role: "member", isMuted: true },
  admin: { room, system: "user", role: "admin" },
  owner: { room, system: "user", role: "owner" },
  moderator: { room, system: "moderator", role: null },
  administrator: { room, system: "admin", role: null },
  "in a direct room": { room: { type: "direct", is_lobby: false }, system: "user", role: "member" },
};

function table(): string {
  const names = Object.keys(columns);
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  const rows = (Object.keys(roomRights) as RoomRightName[]).map((right) => {
    const marks = names.map((name) => {
      const standing = columns[name];
      return standing && mayIn(right, standing) ? "✓" : "";
    });
    return line([`\`${right}\``, ...marks])
      .replaceAll("|  |", "| |")
      .replaceAll("|  |", "| |");
  });
  return [line(["", ...names]).replace("|  |", "| |"), line(["---", ...names.map(() => ":-:")]), ...rows].join("\n");
}

test("the page about rights shows the table in force", async () => {
  const page = await Bun.file(join(projectRoot, "docs/rights.md")).text();
  const shown = page.slice(page.indexOf("begin -->") + "begin -->".length, page.indexOf("<!-- rights: end"));
  // However the formatter aligns its columns.
  const plain = (text: string) => text.trim().replace(/ +/g, " ").replace(/-{3,}/g, "---").replace(/:-+:/g, ":-:");
  expect(plain(shown)).toBe(plain(table()));
});
