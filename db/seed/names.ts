import type { Random } from "./random.ts";

export const languages = ["en", "zh-TW", "zh-CN"] as const;
export type Language = (typeof languages)[number];

export interface Name {
  username: string;
  displayName: string;
}

const words = (text: string) => text.split(" ");
const list = (text: string) => text.split(", ");

const english = {
  given: words(
    "Amelia Arthur Beatrice Callum Charlotte Daniel Edith Elena Felix Freya George Grace Hannah Henry Imogen Isaac Jonas Julia Kieran Laura Leo Lucy Marcus Maya Nadia Noah Oliver Owen Paula Priya Quentin Rosa Rupert Samuel Sofia Theo Tomas Una Victor Wren Yara Zoe",
  ),
  family: words(
    "Abbott Archer Bennett Blake Carver Castillo Dawson Drummond Ellis Fletcher Garcia Hale Hughes Ingram Jensen Kaur Keller Lindqvist Marsh Mercer Moreau Novak Okafor Parker Patel Quinn Reyes Rossi Sharma Silva Thorne Ueda Vance Walsh Weber York",
  ),
};

/** Written, and how it is spelled in a user name. */
const traditional = {
  family: words(
    "陳:chen 林:lin 黃:huang 張:chang 李:lee 王:wang 吳:wu 劉:liu 蔡:tsai 楊:yang 許:hsu 鄭:cheng 謝:hsieh 郭:kuo 洪:hung 邱:chiu 曾:tseng 廖:liao",
  ),
  given: words(
    "怡君:yichun 志明:chihming 雅婷:yating 家豪:chiahao 淑芬:shufen 俊傑:chunchieh 詩涵:shihhan 冠宇:kuanyu 美玲:meiling 建宏:chienhung 佳穎:chiaying 承翰:chenghan 欣怡:hsinyi 宗翰:tsunghan 靜宜:chingyi 柏翰:pohan 筱涵:hsiaohan 彥廷:yenting",
  ),
};
const simplified = {
  family: words(
    "王:wang 李:li 张:zhang 刘:liu 陈:chen 杨:yang 赵:zhao 黄:huang 周:zhou 吴:wu 徐:xu 孙:sun 马:ma 朱:zhu 胡:hu 郭:guo 何:he 高:gao",
  ),
  given: words(
    "伟:wei 芳:fang 娜:na 敏:min 静:jing 强:qiang 磊:lei 洋:yang 勇:yong 艳:yan 杰:jie 涛:tao 明:ming 超:chao 秀英:xiuying 子涵:zihan 浩然:haoran 思远:siyuan 晓彤:xiaotong 欣悦:xinyue",
  ),
};

function spelled(word: string): [written: string, latin: string] {
  const [written = word, latin = word] = word.split(":");
  return [written, latin];
}

/** A person's name in the manner of a language. The user name may be taken already; see {@link numbered}. */
export function inventName(random: Random, language: Language): Name {
  if (language === "en") {
    const given = random.pick(english.given);
    const family = random.pick(english.family);
    return { username: `${given}.${family}`.toLowerCase(), displayName: `${given} ${family}` };
  }
  const { family: families, given: givens } = language === "zh-TW" ? traditional : simplified;
  const [family, familyLatin] = spelled(random.pick(families));
  const [given, givenLatin] = spelled(random.pick(givens));
  return { username: `${givenLatin}.${familyLatin}`, displayName: `${family}${given}` };
}

/** The same user name with a number, for the second person of that name and those after. */
export function numbered(username: string, number: number): string {
  return `${username}.${number}`;
}

const roomNames: Record<Language, string[]> = {
  en: list(
    "Kitchen table, Book club, Trail runners, Garden & balcony, Film night, Board games, Photo walk, Coffee nerds, Bike repair, Sourdough, Travel plans, Homelab, Typefaces, Astronomy, Flatmates, Release room, Design review, On call, Parents of 3B, Choir, Second-hand, Language exchange",
  ),
  "zh-TW": list(
    "牛肉麵研究社, 週末爬山, 讀書會, 攝影同好, 咖啡時間, 桌遊之夜, 電影院, 租屋互助, 貓奴俱樂部, 羽球團, 出國旅行, 前端小聚, 烘焙教室, 家長群, 夜市地圖, 單車環島, 二手交換, 手沖筆記",
  ),
  "zh-CN": list(
    "火锅爱好者, 周末徒步, 读书分享, 摄影交流, 跑步打卡, 剧本杀, 观影团, 合租互助, 铲屎官, 乒乓球, 旅行攻略, 后端技术, 烘焙日记, 家长群, 早餐地图, 骑行, 闲置转让, 茶友会",
  ),
};

/** The name of the room with this number: each once, then with numbers. */
export function roomName(language: Language, number: number): string {
  const names = roomNames[language];
  const name = names[number % names.length] ?? "";
  const round = Math.floor(number / names.length);
  return round === 0 ? name : `${name} ${round + 1}`;
}
