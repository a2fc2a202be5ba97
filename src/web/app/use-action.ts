import { useState } from "react";
import { useText } from "../i18n/use-text.ts";
import { describeError, fieldErrors } from "./describe-error.ts";

interface Action {
  /** Runs once at a time; resolves to whether it went well. */
  run(work: () => Promise<unknown>): Promise<boolean>;
  readonly busy: boolean;
  /** Why the last run failed, in words; null when it went well. */
  readonly error: string | null;
  /** The server's complaints about single fields. */
  readonly fields: Readonly<Record<string, string>>;
}

/** One thing a person asks of the server: under way, done or refused. */
export function useAction(): Action {
  const text = useText();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<{ error: unknown } | null>(null);
  return {
    busy,
    error: failure && describeError(failure.error, text),
    fields: failure ? fieldErrors(failure.error) : {},
    async run(work) {
      if (busy) return false;
      setBusy(true);
      setFailure(null);
      try {
        await work();
        return true;
      } catch (error) {
        setFailure({ error });
        return false;
      } finally {
        setBusy(false);
      }
    },
  };
}
