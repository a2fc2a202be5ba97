interface Origins {
  /** Absent: the address that the request names. */
  publicUrl: string | undefined;
  allowedOrigins: readonly string[];
}

/**
 * Whether a page of this origin may speak to us: our own (as `Host` names it), that of `PUBLIC_URL`, or a listed one.
 * No header at all is no browser, and allowed; `null` (a sandboxed frame, a file) never is.
 */
export function originCheck({ publicUrl, allowedOrigins }: Origins) {
  const listed = new Set(allowedOrigins);
  const own = publicUrl === undefined ? undefined : new URL(publicUrl).origin;
  return {
    /** Listed in `ALLOWED_ORIGINS`: another site that may use the API. */
    isListed: (origin: string) => listed.has(origin),
    isAllowed: (headers: Headers) => {
      const origin = headers.get("origin");
      if (origin === null || listed.has(origin) || origin === own) return true;
      return URL.canParse(origin) && /^https?:/.test(origin) && new URL(origin).host === headers.get("host");
    },
  };
}

export type OriginCheck = ReturnType<typeof originCheck>;
