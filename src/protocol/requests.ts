import { z } from "zod";
import { limits } from "./limits.ts";
import {
  deletedFor,
  gender,
  messageType,
  notifyLevel,
  presenceStatus,
  privacy,
  requestDirection,
  roomRole,
} from "./models.ts";
import { codePoints, multiline, nameLine, queryId, reference, singleLine, tempId } from "./text.ts";

/** The bodies and queries of the HTTP API: one schema each, used by the routes, the SDK's types and the documents. */

const passwordBound = z
  .string()
  .refine(
    (password) => codePoints(password.slice(0, 2 * limits.passwordMaxChars + 1)) <= limits.passwordMaxChars,
    `must have at most ${limits.passwordMaxChars} characters`,
  );
const password = passwordBound.refine(
  (password) => codePoints(password.slice(0, 2 * limits.passwordMinChars)) >= limits.passwordMinChars,
  `must have at least ${limits.passwordMinChars} characters`,
);
/** A password as typed at sign-in: only bounded, so that a wrong one is wrong and not invalid. */
const typedPassword = passwordBound.min(1);
const email = z
  .string()
  .trim()
  .max(limits.emailChars)
  .pipe(z.email({ pattern: z.regexes.email }));
const username = z.string().regex(/^[A-Za-z0-9_.-]{3,32}$/, "must be 3-32 letters, digits or _ . -");
const displayName = nameLine({ min: 1, max: limits.displayNameChars });
const roomName = nameLine({ min: 1, max: limits.roomNameChars });
const roomDescription = multiline({ max: limits.roomDescriptionChars });
const oneTimeToken = z.string().min(1).max(200);

export const register = z.strictObject({
  username,
  password,
  email: email.optional(),
  display_name: displayName.optional(),
  gender: gender.optional(),
  invite_code: oneTimeToken.optional(),
});

export const login = z
  .strictObject({
    username: z.string().min(1).max(limits.emailChars).optional(),
    email: z.string().min(1).max(limits.emailChars).optional(),
    password: typedPassword,
    device_name: singleLine({ max: limits.deviceNameChars }).optional(),
  })
  .refine((body) => (body.username === undefined) !== (body.email === undefined), {
    path: ["username"],
    message: "give either username or email",
  });

export const forgotPassword = z.strictObject({ email });
export const resetPassword = z.strictObject({ token: oneTimeToken, password });
export const changePassword = z.strictObject({ old_password: typedPassword, new_password: password });
export const changeEmail = z.strictObject({ email, password: typedPassword });
export const verifyEmail = z.strictObject({ token: oneTimeToken });
export const deleteMe = z.strictObject({ password: typedPassword });

export const updateMe = z.strictObject({
  display_name: displayName.optional(),
  bio: multiline({ max: limits.bioChars }).optional(),
  status_text: singleLine({ max: limits.statusTextChars }).optional(),
  gender: gender.nullable().optional(),
  avatar_url: z.null().optional(),
  privacy: privacy.partial().optional(),
});

export const setStatus = z.strictObject({ status: presenceStatus.exclude(["offline"]) });

export const createInvite = z.strictObject({
  max_uses: z.int().min(1).max(100_000).optional(),
  expires_in_s: z
    .int()
    .min(1)
    .max(365 * 86_400)
    .optional(),
});

export const createRoomInvite = createInvite;

const maxMembers = z.int().min(1).max(100_000);

export const createRoom = z.strictObject({
  name: roomName,
  description: roomDescription.optional(),
  type: z.enum(["public", "private"]),
  max_members: maxMembers.optional(),
  member_ids: z.array(reference).max(limits.membersPerRequest).optional(),
});

export const updateRoom = z
  .strictObject({
    name: roomName.optional(),
    description: roomDescription.optional(),
    type: z.enum(["public", "private"]).optional(),
    max_members: maxMembers.optional(),
    slow_mode_s: z.int().min(0).max(limits.slowModeMaxS).optional(),
  })
  .refine((body) => Object.keys(body).length > 0, { message: "give at least one setting" });

export const addMembers = z.strictObject({ user_ids: z.array(reference).min(1).max(limits.membersPerRequest) });
export const setNotifyLevel = z.strictObject({ level: notifyLevel });
/** A moment in RFC 3339, of any offset. */
const moment = z.iso.datetime({ offset: true });

export const updateMember = z
  .strictObject({ role: roomRole.exclude(["owner"]).optional(), muted_until: moment.nullable().optional() })
  .refine((body) => Object.keys(body).length > 0, { message: "give role or muted_until" });
export const banMember = z.strictObject({
  reason: multiline({ max: limits.banReasonChars }).optional(),
  until: moment.nullable().optional(),
  purge: z.boolean().optional(),
});
export const transferRoom = z.strictObject({ user_id: reference });

/** The content's length is the verb's to judge: the limit is a setting of the server. */
export const sendMessage = z.strictObject({
  content: multiline(),
  type: messageType.extract(["text"]).optional(),
  temp_id: tempId.optional(),
  reply_to_id: reference.optional(),
});
export const editMessage = z.strictObject({ content: multiline() });
export const deleteMessageQuery = z.object({ for: deletedFor.default("all") });
export const markRead = z.strictObject({ last_read_message_id: reference });

export const requestFriend = z.strictObject({
  user_id: reference,
  message: singleLine({ max: limits.requestMessageChars }).optional(),
});

const page = z.coerce.number().int().min(1).max(1_000_000).default(1);
const perPage = z.coerce.number().int().min(1).max(limits.pageMax).default(limits.pageDefault);
const limit = perPage;

export const pageQuery = z.object({ page, per_page: perPage });
export const searchUsersQuery = pageQuery.extend({ q: singleLine({ min: 1, max: limits.emailChars }) });
export const listRoomsQuery = pageQuery.extend({
  type: z.enum(["public", "private", "joined"]).default("public"),
  search: singleLine({ max: limits.roomNameChars }).optional(),
});
export const onlineQuery = pageQuery.extend({ room_id: queryId.optional() });
export const listMembersQuery = pageQuery.extend({ search: singleLine({ max: limits.displayNameChars }).optional() });
export const listFriendRequestsQuery = pageQuery.extend({ direction: requestDirection.default("incoming") });
export const historyQuery = z
  .object({
    before: queryId.optional(),
    after: queryId.optional(),
    around: queryId.optional(),
    /** As `around`, for who knows the place and not the message: the first unread one follows the read cursor. */
    around_seq: z.coerce.number().int().min(1).optional(),
    /** The page around the first message of a moment or later. */
    around_time: z.iso.datetime({ offset: true }).optional(),
    limit,
  })
  .refine(
    ({ before, after, around, around_seq, around_time }) =>
      [before, after, around, around_seq, around_time].filter((place) => place !== undefined).length <= 1,
    { message: "give at most one of before, after and those around" },
  );
export const changesQuery = z.object({
  since_rev: z.coerce.number().int().min(0),
  limit: z.coerce.number().int().min(1).max(limits.changesPerRoom).default(limits.changesPerRoom),
});

/** `?unread` alone asks for it, too. */
const switched = z
  .enum(["true", "1", "", "false", "0"])
  .default("false")
  .transform((value) => value !== "false" && value !== "0");
export const listNotificationsQuery = pageQuery.extend({ unread: switched });
export const readNotifications = z
  .strictObject({ ids: z.array(reference).min(1).max(limits.pageMax).optional(), all: z.literal(true).optional() })
  .refine((body) => (body.ids === undefined) !== (body.all === undefined), {
    path: ["ids"],
    message: "give either ids or all",
  });

/** Where a search begins or ends: at a message, a moment, or the beginning of a day in UTC. */
const messageOrTime = z.union([queryId, z.iso.datetime({ offset: true }), z.iso.date()], {
  error: "must be a message id, an RFC 3339 time or a date",
});
export const searchMessagesQuery = z.object({
  q: singleLine({ min: 1, max: limits.searchChars }),
  /** The sender. */
  from: queryId.optional(),
  /** Older than a message or a moment; to go on, the `oldest_id` of the page before. */
  before: messageOrTime.optional(),
  /** Newer than a message; not older than a moment. */
  after: messageOrTime.optional(),
  limit,
});
