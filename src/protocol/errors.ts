import type { Language } from "./languages.ts";

interface ErrorEntry {
  status: number;
  text: Record<Language, string>;
}

const entry = (status: number, en: string, zhTW: string, zhCN: string): ErrorEntry => ({
  status,
  text: { en, "zh-TW": zhTW, "zh-CN": zhCN },
});

/** Every error code with its HTTP status and its text. `{limit}` and the like are filled from the error's `values`. */
export const errors = {
  VALIDATION_ERROR: entry(422, "The input is not valid", "輸入驗證失敗", "输入校验失败"),
  UNAUTHENTICATED: entry(401, "Sign in first", "請先登入", "请先登录"),
  INVALID_CREDENTIALS: entry(401, "The name or the password is wrong", "帳號或密碼錯誤", "账号或密码错误"),
  TOKEN_EXPIRED: entry(401, "The token has expired", "登入憑證已過期", "登录凭证已过期"),
  FORBIDDEN: entry(403, "You may not do this", "你沒有權限執行此操作", "你没有权限执行此操作"),
  ACCOUNT_DISABLED: entry(403, "This account is disabled", "此帳號已停用", "此账号已停用"),
  REGISTRATION_CLOSED: entry(403, "Registration is closed", "目前不開放註冊", "目前不开放注册"),
  INVITE_REQUIRED: entry(403, "A valid invitation code is needed", "需要有效的邀請碼", "需要有效的邀请码"),
  MUTED: entry(403, "You are muted in this room", "你在此聊天室已被禁言", "你在此聊天室已被禁言"),
  BANNED: entry(403, "You are banned from this room", "你已被此聊天室封鎖", "你已被此聊天室封禁"),
  BLOCKED: entry(403, "This person cannot be reached", "無法聯絡此使用者", "无法联系此用户"),
  NOT_FOUND: entry(404, "There is nothing here", "找不到此資源", "找不到此资源"),
  ROOM_NOT_FOUND: entry(404, "The room does not exist", "聊天室不存在", "聊天室不存在"),
  USER_NOT_FOUND: entry(404, "The user does not exist", "使用者不存在", "用户不存在"),
  MESSAGE_NOT_FOUND: entry(404, "The message does not exist", "訊息不存在", "消息不存在"),
  SESSION_NOT_FOUND: entry(404, "The session does not exist", "登入裝置不存在", "登录设备不存在"),
  INVITE_NOT_FOUND: entry(404, "The invitation does not exist", "邀請不存在", "邀请不存在"),
  FRIEND_REQUEST_NOT_FOUND: entry(404, "The friend request does not exist", "好友邀請不存在", "好友申请不存在"),
  NOTIFICATION_NOT_FOUND: entry(404, "The notification does not exist", "通知不存在", "通知不存在"),
  METHOD_NOT_ALLOWED: entry(405, "This address does not take this method", "不支援此請求方法", "不支持此请求方法"),
  CONFLICT: entry(409, "This does not fit the present state", "與目前狀態衝突", "与当前状态冲突"),
  USERNAME_TAKEN: entry(409, "The user name is taken", "使用者名稱已被使用", "用户名已被使用"),
  EMAIL_TAKEN: entry(409, "The email address is taken", "電子郵件已被使用", "电子邮箱已被使用"),
  ROOM_FULL: entry(409, "The room is full", "聊天室已滿", "聊天室已满"),
  OWNER_MUST_TRANSFER: entry(
    409,
    "Transfer the room to someone else first",
    "請先將聊天室轉讓給其他成員",
    "请先将聊天室转让给其他成员",
  ),
  RECALL_WINDOW_PASSED: entry(
    409,
    "A message can be recalled for two minutes only",
    "訊息只能在兩分鐘內收回",
    "消息只能在两分钟内撤回",
  ),
  IDEMPOTENCY_CONFLICT: entry(
    409,
    "This temp_id was used for another message",
    "此 temp_id 已用於另一則訊息",
    "此 temp_id 已用于另一条消息",
  ),
  PAYLOAD_TOO_LARGE: entry(413, "The request is too large", "請求內容過大", "请求内容过大"),
  UNSUPPORTED_MEDIA: entry(415, "This kind of content is not supported", "不支援此內容類型", "不支持此内容类型"),
  MESSAGE_TOO_LONG: entry(
    422,
    "A message may have at most {limit} characters",
    "訊息長度不可超過 {limit} 字元",
    "消息长度不可超过 {limit} 字符",
  ),
  TOKEN_INVALID: entry(422, "The link is not valid or was used already", "連結無效或已被使用", "链接无效或已被使用"),
  UPGRADE_REQUIRED: entry(426, "Connect with a WebSocket", "請使用 WebSocket 連線", "请使用 WebSocket 连接"),
  RATE_LIMITED: entry(
    429,
    "Too many requests; try again later",
    "請求過於頻繁，請稍後再試",
    "请求过于频繁，请稍后再试",
  ),
  SLOW_MODE: entry(
    429,
    "Slow mode: wait {seconds} s before the next message",
    "慢速模式：請等待 {seconds} 秒後再傳送",
    "慢速模式：请等待 {seconds} 秒后再发送",
  ),
  INTERNAL: entry(500, "Something went wrong on the server", "伺服器發生錯誤", "服务器发生错误"),
  UNAVAILABLE: entry(503, "The server is busy; try again", "伺服器忙碌中，請再試一次", "服务器繁忙，请再试一次"),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errors;

/** What is wrong with one field of the input; `field` is its path with dots, empty for the whole. */
export interface ErrorDetail {
  field: string;
  message: string;
}

/** The text of `code` in `language`, with `{name}` filled from `values`. */
export function errorText(code: ErrorCode, language: Language, values: Record<string, string | number> = {}): string {
  return errors[code].text[language].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
