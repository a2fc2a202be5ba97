import type { Language } from "./names.ts";
import type { Random } from "./random.ts";

/** What people say: `{slots}` are filled with one of the words below, so that a few lines make thousands. */
interface Phrases {
  slots: Record<string, string[]>;
  opening: string[];
  answer: string[];
  short: string[];
}

const phrases: Record<Language, Phrases> = {
  en: {
    slots: {
      day: ["today", "tomorrow", "on Friday", "this weekend", "next week", "after lunch", "around six"],
      place: ["the lake", "the old harbour", "my place", "the library", "that café by the station", "the park"],
      food: ["dumplings", "a big pot of chili", "fresh pasta", "pancakes", "the lemon cake", "curry", "ramen"],
      thing: ["the new lens", "that book", "the spare key", "the projector", "my old laptop", "the tent", "the map"],
    },
    opening: [
      "Anyone free {day}? I was thinking of {place}.",
      "I made {food} and there is far too much of it. Who is hungry?",
      "Has anybody seen {thing}? I had it at {place}.",
      "Just came back from {place}. Worth every minute.",
      "Can someone bring {thing} {day}?",
      "Quick question: is {place} open {day}?",
      "We should really try {food} again, with more garlic this time.",
      "The build is green again. It was a time zone, of course it was a time zone.",
      "Note to self: `git push` is not a backup strategy.",
      "What are you all reading at the moment?",
      "The photos from {place} are up. Some of them are even in focus 📷",
    ],
    answer: [
      "I can do {day}, but only if we start early.",
      "Count me in. I will bring {food}.",
      "I think I left {thing} at {place}, let me check.",
      "Not {day}, sorry. Could we move it?",
      "That sounds lovely, but my week is full. Next time!",
      "Honestly, {place} was better last year.",
      "Yes! And let's ask the others as well, the more the merrier.",
      "I had the same problem. Turning it off and on again helped, I am ashamed to say.",
      "If it rains we can still meet at {place} and have {food}.",
      "Give me ten minutes, I am on my way.",
      "Let me look it up and come back to you.",
    ],
    short: [
      "👍",
      "Ha!",
      "Same here",
      "Thank you!",
      "Done.",
      "On it",
      "Makes sense",
      "😂",
      "Perfect",
      "See you there",
      "Oh no",
      "🎉",
      "+1",
    ],
  },
  "zh-TW": {
    slots: {
      day: ["今天", "明天", "星期五", "這個週末", "下週", "中午過後", "晚上六點"],
      place: ["河堤", "老街", "我家", "圖書館", "車站旁那間咖啡廳", "植物園"],
      food: ["牛肉麵", "小籠包", "滷肉飯", "蔥油餅", "鹹酥雞", "豆花", "麻辣鍋"],
      thing: ["腳架", "那本書", "備用鑰匙", "投影機", "雨傘", "帳篷", "行動電源"],
    },
    opening: [
      "{day}有人有空嗎？想去{place}走走。",
      "我喜歡{food}，{place}附近有推薦的店嗎？",
      "有人看到我的{thing}嗎？好像忘在{place}了。",
      "剛從{place}回來，風景超美的！",
      "{day}誰可以帶{thing}？",
      "請問{place}{day}有開嗎？",
      "煮了一大鍋{food}，快來幫忙吃。",
      "測試終於全部過了，原來是時區的問題……",
      "最近大家都在看什麼書？",
      "照片整理好了，在{place}拍的那幾張特別好看 📷",
    ],
    answer: [
      "{day}可以，不過要早一點出發。",
      "算我一個！我帶{food}過去。",
      "我記得{thing}放在{place}，等等幫你找。",
      "{day}不行耶，可以改時間嗎？",
      "聽起來很棒，可是這週滿了，下次一定到。",
      "我覺得{place}去年比較好玩。",
      "好啊，也問問其他人吧，人多比較熱鬧。",
      "我也遇過一樣的問題，重開機就好了，別問我為什麼。",
      "如果下雨就改到{place}吃{food}。",
      "再等我十分鐘，快到了。",
      "我查一下再回覆你。",
    ],
    short: [
      "好喔",
      "讚！",
      "哈哈哈",
      "收到",
      "謝謝",
      "了解",
      "👍",
      "太好了",
      "辛苦了",
      "真的假的",
      "我也是",
      "🎉",
      "到時見",
      "加一",
    ],
  },
  "zh-CN": {
    slots: {
      day: ["今天", "明天", "周五", "这个周末", "下周", "午饭后", "晚上六点"],
      place: ["江边", "古镇", "我家", "图书馆", "地铁口那家咖啡馆", "植物园"],
      food: ["火锅", "煎饼果子", "兰州拉面", "小笼包", "烤串", "酸辣粉", "饺子"],
      thing: ["三脚架", "那本书", "备用钥匙", "投影仪", "雨伞", "帐篷", "充电宝"],
    },
    opening: [
      "{day}有人有空吗？想去{place}转转。",
      "突然好想吃{food}，{place}附近有推荐的吗？",
      "谁看到我的{thing}了？好像落在{place}了。",
      "刚从{place}回来，太值了！",
      "{day}谁能带一下{thing}？",
      "请问{place}{day}开门吗？",
      "做了一大锅{food}，快来帮忙消灭。",
      "构建终于绿了，果然又是时区的锅。",
      "大家最近在看什么书？",
      "照片传好了，{place}那几张拍得真不错 📷",
    ],
    answer: [
      "{day}可以，不过得早点出发。",
      "算我一个！我带{food}。",
      "我记得{thing}在{place}，一会儿帮你找找。",
      "{day}不行，能改个时间吗？",
      "听着不错，可惜这周排满了，下次一定。",
      "我觉得{place}还是去年好玩。",
      "好呀，把其他人也叫上，人多热闹。",
      "我也遇到过，重启一下就好了，别问为什么。",
      "要是下雨就改去{place}吃{food}。",
      "再等我十分钟，马上到。",
      "我查一下再告诉你。",
    ],
    short: [
      "好的",
      "赞！",
      "哈哈哈",
      "收到",
      "谢谢",
      "明白",
      "👍",
      "太好了",
      "辛苦了",
      "真的吗",
      "我也是",
      "🎉",
      "到时见",
      "+1",
    ],
  },
};

type Turn = "opening" | "answer" | "short";

/** How many of the last phrases of a conversation are not used again. */
const remembered = 6;

/** One thing said at this turn of a conversation; `recent` holds the conversation's last phrases and is carried on. */
export function say(random: Random, language: Language, turn: Turn, recent: string[]): string {
  const { slots, ...turns } = phrases[language];
  let phrase = random.pick(turns[turn]);
  for (let tries = 0; tries < 5 && recent.includes(phrase); tries++) phrase = random.pick(turns[turn]);
  recent.push(phrase);
  if (recent.length > remembered) recent.shift();
  return phrase.replace(/\{(\w+)\}/g, (_, slot: string) => random.pick(slots[slot] ?? [""]));
}
