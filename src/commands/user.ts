import { systemRole } from "../protocol/models.ts";
import { register } from "../protocol/requests.ts";
import { type Account, addUser, allUsers, setDisabled, setPassword } from "../server/accounts/manage.ts";
import type { Context } from "../server/context.ts";
import { AppError } from "../server/platform/app-error.ts";
import { issueDetails } from "../server/route.ts";
import { type Command, expectWords, parse, UsageError } from "./command.ts";
import { print, table } from "./terminal.ts";
import { withContext } from "./with-context.ts";

const help = `parley user add NAME --password-stdin [--role ROLE] [--email ADDRESS] [--json]
parley user list [--json]
parley user disable NAME [--json]
parley user enable NAME [--json]
parley user passwd NAME --password-stdin [--json]

Manages accounts, also while the server runs; it follows within a second. Disabling an account and giving it another
password sign it out everywhere.

  --password-stdin   read the password from standard input, its first line
  --role ROLE        admin, moderator or user (the default)
  --email ADDRESS    counts as verified
  --json             print accounts as JSON`;

const options = {
  "password-stdin": { type: "boolean" },
  role: { type: "string" },
  email: { type: "string" },
  json: { type: "boolean" },
} as const;

type Flags = ReturnType<typeof parse<typeof options>>["values"];

async function passwordFrom(flags: Flags): Promise<string> {
  if (!flags["password-stdin"]) throw new UsageError("give the password on standard input: --password-stdin");
  const [line = ""] = (await Bun.stdin.text()).split(/\r?\n/, 1);
  if (line === "") throw new UsageError("there is no password on standard input");
  return line;
}

function roleFrom(flags: Flags) {
  const role = systemRole.safeParse(flags.role ?? "user");
  if (!role.success) throw new UsageError(`--role takes ${systemRole.options.join(", ")}`);
  return role.data;
}

async function add(name: string, flags: Flags): Promise<Account> {
  const role = roleFrom(flags);
  const password = await passwordFrom(flags);
  const input = register.safeParse({ username: name, password, ...(flags.email && { email: flags.email }) });
  if (!input.success) throw new AppError("VALIDATION_ERROR", { details: issueDetails(input.error) });
  const { username, email } = input.data;
  return withContext((ctx) => addUser(ctx, { username, password, email, role }));
}

async function passwd(name: string, flags: Flags): Promise<Account> {
  const password = await passwordFrom(flags);
  return withContext((ctx) => setPassword(ctx, name, password));
}

const acts: Record<
  string,
  { flags: (keyof Flags)[]; done: string; run(name: string, flags: Flags): Promise<Account> }
> = {
  add: { flags: ["password-stdin", "role", "email"], done: "was added", run: add },
  passwd: { flags: ["password-stdin"], done: "has a new password", run: passwd },
  disable: { flags: [], done: "is disabled", run: (name) => withContext((ctx) => setDisabled(ctx, name, true)) },
  enable: { flags: [], done: "is enabled", run: (name) => withContext((ctx) => setDisabled(ctx, name, false)) },
};

/** Times for people and programs alike, as on the wire. */
function shown({ created_at_ms, last_login_at_ms, ...rest }: Account) {
  const time = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
  return { ...rest, created_at: time(created_at_ms), last_login_at: time(last_login_at_ms) };
}

async function list(ctx: Context, json: boolean): Promise<void> {
  const accounts = await allUsers(ctx);
  if (json) return print(JSON.stringify(accounts.map(shown)));
  const rows = accounts.map(({ username, role, email, disabled, created_at_ms }) => [
    username,
    role,
    email ?? "-",
    disabled ? "disabled" : "enabled",
    new Date(created_at_ms).toISOString().slice(0, 10),
  ]);
  print(table([["NAME", "ROLE", "EMAIL", "STATE", "SINCE"], ...rows]));
}

export const userCommand: Command = {
  name: "user",
  summary: "add, list, disable and enable people, set passwords",
  help,
  async run(args) {
    const { values, positionals } = parse(args, options);
    const [word, ...names] = positionals;
    if (word === undefined) throw new UsageError(`say what to do: list, ${Object.keys(acts).join(", ")}`);
    const act = acts[word];
    if (!act && word !== "list") throw new UsageError(`unknown command user ${JSON.stringify(word)}`);
    const foreign = Object.keys(values).find((flag) => flag !== "json" && !act?.flags.some((known) => known === flag));
    if (foreign !== undefined) throw new UsageError(`user ${word} takes no --${foreign}`);
    expectWords(names, act ? ["NAME"] : []);
    if (!act) return withContext((ctx) => list(ctx, values.json ?? false));
    const account = await act.run(names[0] ?? "", values);
    print(values.json ? JSON.stringify(shown(account)) : `${account.username} ${act.done}`);
  },
};
