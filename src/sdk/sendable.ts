import type { ErrorCode } from "../protocol/errors.ts";
import { limits } from "../protocol/limits.ts";

/** Control characters other than tab and line feed, as `protocol/text.ts` has them, whose zod has no place here. */
// oxlint-disable-next-line no-control-regex
const forbidden = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/;

/** What a frame needs beside its content. */
const envelopeBytes = 512;

/**
 * Why a content can never be sent, or null. The server takes such frames as a breach of the protocol and in the end
 * closes for good: they must not leave here, also because what is kept for later would be sent again and again.
 */
export function whyUnsendable(content: string): { code: ErrorCode; message: string } | null {
  const bytes = new TextEncoder().encode(JSON.stringify(content)).length;
  if (bytes > limits.clientFrameBytes - envelopeBytes)
    return { code: "MESSAGE_TOO_LONG", message: "The message is too long" };
  if (!content.isWellFormed() || forbidden.test(content.replaceAll("\r\n", "\n"))) {
    return { code: "VALIDATION_ERROR", message: "The message contains characters that cannot be sent" };
  }
  return null;
}
