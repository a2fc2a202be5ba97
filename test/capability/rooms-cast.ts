import { z } from "zod";
import { joinedRoom, member, room, type JoinedRoom, type Member, type Room } from "../../src/protocol/models.ts";
import { addUser } from "../../src/server/accounts/manage.ts";
import { logIn, people, testPassword, type Answer, type Person } from "../support/people.ts";
import type { TestServer } from "../support/server.ts";

/** What the suites about rooms have in common. */

let made = 0;

/** A name that nobody else has taken on this server. */
export function unique(name: string): string {
  return `${name}_${++made}`;
}

/** A cast of its own for one test: `const { ann, ben } = await cast(server, "ann", "ben")`. */
export async function cast<const N extends string>(server: TestServer, ...names: N[]): Promise<Record<N, Person>> {
  const number = ++made;
  const found = await people(server, ...names.map((name) => `${name}_${number}`));
  return Object.fromEntries(names.map((name) => [name, found[`${name}_${number}`]])) as Record<N, Person>;
}

/** Someone with a role on the whole server. */
export async function official(server: TestServer, role: "admin" | "moderator"): Promise<Person> {
  const username = unique(role);
  await addUser(server.context, { username, password: testPassword, role });
  return logIn(server, username);
}

const createdRoom = joinedRoom.extend({ skipped: z.array(z.string()) });

export async function makeRoom(
  owner: Person,
  settings: Record<string, unknown> & { members?: Person[] } = {},
): Promise<JoinedRoom & { skipped: string[] }> {
  const { members, ...rest } = settings;
  const body = { name: unique("room"), type: "public", ...rest, member_ids: members?.map(({ id }) => id) };
  return (await owner.http("POST", "/rooms", body)).as(createdRoom);
}

export async function readRoom(viewer: Person, roomId: string): Promise<Room> {
  return (await viewer.http("GET", `/rooms/${roomId}`)).as(room);
}

export async function lobbyOf(viewer: Person): Promise<JoinedRoom> {
  const rooms = (await viewer.http("GET", "/rooms?type=joined&per_page=100")).as(z.array(joinedRoom));
  const lobby = rooms.find(({ is_lobby }) => is_lobby);
  if (!lobby) throw new Error("there is no lobby");
  return lobby;
}

export async function membersOf(viewer: Person, roomId: string): Promise<Member[]> {
  return (await viewer.http("GET", `/rooms/${roomId}/members?per_page=100`)).as(z.array(member));
}

/** `ann:owner, ben:member`, by the names that the test gave. */
export async function standing(viewer: Person, roomId: string): Promise<string> {
  const members = await membersOf(viewer, roomId);
  return members.map(({ username, role }) => `${username.replace(/_\d+$/, "")}:${role}`).join(", ");
}

/** Texts of the answers, sorted: for races, in which it is open who wins. */
export function outcomes(answers: readonly Answer[]): string[] {
  return answers.map(({ outcome }) => outcome).sort();
}
