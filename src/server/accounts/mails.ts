import type { Language } from "../../protocol/languages.ts";

interface Text {
  subject: string;
  text: string;
}

/** What is mailed, in every language. Plain text, with the link on a line of its own. */
export const mails = {
  verify: {
    en: (username, link) => ({
      subject: "Confirm your email address",
      text: `Hello ${username},\n\nplease confirm that this address is yours. The link works once, for 24 hours:\n\n${link}\n\nIf you did not ask for this, ignore this mail.\n`,
    }),
    "zh-TW": (username, link) => ({
      subject: "請確認你的電子郵件地址",
      text: `${username} 你好：\n\n請確認這是你的電子郵件地址。以下連結限用一次，24 小時內有效：\n\n${link}\n\n如果這不是你的操作，請忽略此郵件。\n`,
    }),
    "zh-CN": (username, link) => ({
      subject: "请确认你的电子邮箱地址",
      text: `${username} 你好：\n\n请确认这是你的电子邮箱地址。以下链接限用一次，24 小时内有效：\n\n${link}\n\n如果这不是你的操作，请忽略此邮件。\n`,
    }),
  },
  reset: {
    en: (username, link) => ({
      subject: "Choose a new password",
      text: `Hello ${username},\n\nhere you can choose a new password. The link works once, for 30 minutes:\n\n${link}\n\nIf you did not ask for this, ignore this mail: your password stays as it is.\n`,
    }),
    "zh-TW": (username, link) => ({
      subject: "重設你的密碼",
      text: `${username} 你好：\n\n請由以下連結設定新密碼。連結限用一次，30 分鐘內有效：\n\n${link}\n\n如果這不是你的操作，請忽略此郵件，你的密碼不會變更。\n`,
    }),
    "zh-CN": (username, link) => ({
      subject: "重置你的密码",
      text: `${username} 你好：\n\n请通过以下链接设置新密码。链接限用一次，30 分钟内有效：\n\n${link}\n\n如果这不是你的操作，请忽略此邮件，你的密码不会改变。\n`,
    }),
  },
} satisfies Record<string, Record<Language, (username: string, link: string) => Text>>;
