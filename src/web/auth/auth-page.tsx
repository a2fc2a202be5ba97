import type { ReactNode } from "react";
import { useServerInfo } from "../app/server-info.ts";
import { useText } from "../i18n/use-text.ts";
import { LanguageSelect } from "../settings/language-select.tsx";
import { Mark } from "../ui/mark.tsx";

/** The frame of every page before signing in. */
export function AuthPage({ title, hint, children }: { title: string; hint?: string; children: ReactNode }) {
  const text = useText();
  const info = useServerInfo();
  return (
    <div className="auth">
      <main className="auth-card" id="content">
        <div className="auth-brand">
          <Mark size={48} />
          <div>
            <p className="auth-name" dir="auto">
              {info?.name ?? text.appName}
            </p>
            <p className="muted">{text.auth.tagline}</p>
          </div>
        </div>
        <h1>{title}</h1>
        {hint !== undefined && <p className="muted auth-hint">{hint}</p>}
        {children}
      </main>
      <footer className="auth-footer">
        <LanguageSelect />
      </footer>
    </div>
  );
}
