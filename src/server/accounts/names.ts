/**
 * What two user names share when a reader could take one for the other: uniqueness is by this. Case, 0 and o, 1 and i
 * and l, rn and m, vv and w count as the same; separators stay.
 */
export function usernameSkeleton(username: string): string {
  return username
    .toLowerCase()
    .replaceAll("0", "o")
    .replaceAll(/[1i]/g, "l")
    .replaceAll("rn", "m")
    .replaceAll("vv", "w");
}

/** For prefix search and sign-in. */
export function folded(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}

/** Nobody may be called what mentions everybody. */
const reserved = new Set(["all"].map(usernameSkeleton));

export function isReserved(username: string): boolean {
  return reserved.has(usernameSkeleton(username));
}

/** The columns that hold a person's names. */
export function nameColumns(username: string, displayName: string) {
  return {
    username,
    username_lower: username.toLowerCase(),
    username_skeleton: usernameSkeleton(username),
    display_name: displayName,
    display_name_lower: folded(displayName),
  };
}
