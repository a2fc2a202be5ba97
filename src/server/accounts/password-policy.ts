import { limits } from "../../protocol/limits.ts";
import { codePoints } from "../../protocol/text.ts";
import { invalid } from "../platform/app-error.ts";
import list from "./common-passwords.txt" with { type: "text" };

const common = new Set(list.split("\n").filter((line) => line !== "" && !line.startsWith("#")));

/**
 * Refuses a new password that is too short or long, among the 10,000 most common, or the person's own name or address,
 * whatever the case. Throws `VALIDATION_ERROR` for `field`.
 */
export function demandGoodPassword(
  password: string,
  owner: { username: string; email: string | null },
  field = "password",
): void {
  const length = codePoints(password);
  if (length < limits.passwordMinChars)
    throw invalid(field, `must have at least ${limits.passwordMinChars} characters`);
  if (length > limits.passwordMaxChars) throw invalid(field, `must have at most ${limits.passwordMaxChars} characters`);
  if (!password.isWellFormed()) throw invalid(field, "must be well-formed Unicode");
  const lower = password.toLowerCase();
  if (common.has(lower)) throw invalid(field, "is among the most common passwords");
  const email = owner.email?.toLowerCase();
  if (lower === owner.username.toLowerCase()) throw invalid(field, "must not be the user name");
  if (email !== undefined && (lower === email || lower === email.slice(0, email.lastIndexOf("@")))) {
    throw invalid(field, "must not be the email address");
  }
}
