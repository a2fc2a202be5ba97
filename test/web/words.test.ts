import { describe, expect, test } from "bun:test";
import { en } from "../../src/web/i18n/en.ts";
import { formatOf } from "../../src/web/i18n/format.ts";
import { zhCN } from "../../src/web/i18n/zh-cn.ts";
import { zhTW } from "../../src/web/i18n/zh-tw.ts";
import { paths, placeOf } from "../../src/web/routing/place.ts";
import { initials } from "../../src/web/ui/avatar.tsx";

describe("the dictionaries", () => {
  /** Every text with its path; functions are given numbers and names. */
  function texts(dictionary: object, path = ""): [string, string][] {
    return Object.entries(dictionary).flatMap(([key, value]: [string, unknown]): [string, string][] => {
      if (typeof value === "string") return [[path + key, value]];
      if (typeof value === "function") return [[path + key, String(value(2, "Ben", "x"))]];
      return typeof value === "object" && value !== null ? texts(value, `${path}${key}.`) : [];
    });
  }

  test.each([
    ["zh-TW", zhTW],
    ["zh-CN", zhCN],
  ] as const)("%s has every text, none empty, none left in English", (_, dictionary) => {
    const english = new Map(texts(en));
    const translated = texts(dictionary);
    expect(translated.map(([path]) => path)).toEqual([...english.keys()]);
    const same = translated.filter(([path, text]) => text === english.get(path) && text !== "").map(([path]) => path);
    expect(same).toEqual(["appName"]);
    expect(translated.filter(([, text]) => text === "")).toEqual([]);
  });

  test("counts follow the plural rules", () => {
    expect(en.rooms.memberCount(1)).toBe("1 member");
    expect(en.rooms.memberCount(1_200)).toBe("1,200 members");
    expect(zhTW.rooms.memberCount(1)).toBe("1 位成員");
  });

  test("a name inside a sentence is isolated from its direction", () => {
    expect(en.system.member_joined("\u05e9\u05dc\u05d5\u05dd")).toBe("\u2068\u05e9\u05dc\u05d5\u05dd\u2069 joined");
  });
});

describe("times", () => {
  const now = new Date(2026, 0, 9, 10, 30);
  const at = (day: number, hour = 9) => new Date(2026, 0, day, hour, 5);

  test("a day is told as near as it is", () => {
    const { day } = formatOf("en");
    expect(day(at(9, 0), now)).toBe("Today");
    expect(day(at(8, 23), now)).toBe("Yesterday");
    expect(day(at(5), now)).toBe("Monday");
    expect(day(at(2), now)).toContain("January");
    expect(day(new Date(2024, 4, 1), now)).toContain("2024");
    expect(formatOf("zh-TW").day(at(9), now)).toBe("今天");
    expect(formatOf("zh-CN").day(at(8), now)).toBe("昨天");
  });

  test("how long ago, in the largest unit that fits", () => {
    const { ago } = formatOf("en");
    const before = (seconds: number) => ago(new Date(now.getTime() - seconds * 1000), now);
    expect(before(0)).toBe("now");
    expect(before(50)).toBe("50 seconds ago");
    expect(before(3 * 60)).toBe("3 minutes ago");
    expect(before(5 * 3_600)).toBe("5 hours ago");
    expect(before(3 * 86_400)).toBe("3 days ago");
    expect(before(70 * 86_400)).toBe("2 months ago");
    expect(before(800 * 86_400)).toBe("2 years ago");
  });
});

describe("places", () => {
  test.each([
    ["/", "", { name: "chats" }],
    ["/rooms", "", { name: "discover" }],
    ["/rooms/a", "", { name: "room", roomId: "a", messageId: null, panel: null }],
    ["/rooms/a/m/b", "", { name: "room", roomId: "a", messageId: "b", panel: null }],
    ["/rooms/a/details", "", { name: "room", roomId: "a", messageId: null, panel: "details" }],
    ["/rooms/%ff", "", { name: "room", roomId: "%ff", messageId: null, panel: null }],
    ["/rooms/a/nothing", "", { name: "nowhere" }],
    ["/rooms/a/m/b/c", "", { name: "nowhere" }],
    ["/settings/devices", "", { name: "settings", page: "devices" }],
    ["/settings/devices/more", "", { name: "nowhere" }],
    ["/invite/x-1", "", { name: "invite", code: "x-1", isSigningIn: false }],
    ["/invite/x-1", "#sign-in", { name: "invite", code: "x-1", isSigningIn: true }],
    ["/setup", "#s3cret", { name: "register", code: "s3cret", isSetup: true }],
    ["/reset", "", { name: "reset", token: null }],
    ["/reset", "#t", { name: "reset", token: "t" }],
    ["/verify", "", { name: "nowhere" }],
    ["/constructor", "", { name: "nowhere" }],
    ["/search?q=a+b&room=c", "", { name: "search", q: "a b", roomId: "c" }],
    ["/search", "", { name: "search", q: "", roomId: null }],
    ["/search/x", "", { name: "nowhere" }],
  ])("%s%s", (address, fragment, place) => {
    const [path = "", query = ""] = address.split("?");
    expect(placeOf(path, fragment, query)).toEqual(place as ReturnType<typeof placeOf>);
  });
});

test("a search's address says what is looked for, and where", () => {
  expect([paths.search(), paths.search("牛肉 &"), paths.search("x", "room")]).toEqual([
    "/search",
    "/search?q=%E7%89%9B%E8%82%89+%26",
    "/search?q=x&room=room",
  ]);
});

test("initials are of the first two words, one for Han", () => {
  expect(["Ann Lee", "ben", "陳小明", "  ", "émile  zola x", "😀 Joy", "Garden & balcony"].map(initials)).toEqual([
    "AL",
    "B",
    "陳",
    "?",
    "ÉZ",
    "😀J",
    "GB",
  ]);
});
