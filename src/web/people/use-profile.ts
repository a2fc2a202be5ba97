import { useEffect, useState } from "react";
import type { Profile } from "../../protocol/models.ts";
import { parley } from "../app/parley.ts";

interface Found {
  readonly userId: string;
  readonly profile: Profile | null;
  readonly error: unknown;
}

/** What a person says about themselves: null until it has come. Guests may not ask, and offline nobody can. */
export function useProfile(userId: string): { profile: Profile | null; error: unknown } {
  const [found, setFound] = useState<Found | null>(null);
  useEffect(() => {
    let isWanted = true;
    parley.http.users.get(userId).then(
      (profile) => isWanted && setFound({ userId, profile, error: null }),
      (error: unknown) => isWanted && setFound({ userId, profile: null, error }),
    );
    return () => {
      isWanted = false;
    };
  }, [userId]);
  const isCurrent = found?.userId === userId;
  return { profile: isCurrent ? found.profile : null, error: isCurrent ? found.error : null };
}
