import type { ReactNode } from "react";

interface EmptyProps {
  icon?: ReactNode;
  title: string;
  hint?: string;
  /** It is all that the page has to say. */
  isPage?: boolean;
  children?: ReactNode;
}

/** Nothing to show, and what to do next. */
export function Empty({ icon, title, hint, isPage = false, children }: EmptyProps) {
  return (
    <div className="empty">
      {icon && <div className="empty-icon">{icon}</div>}
      {isPage ? <h1>{title}</h1> : <p className="empty-title">{title}</p>}
      {hint !== undefined && <p className="muted">{hint}</p>}
      {children && <div className="empty-actions">{children}</div>}
    </div>
  );
}

export function Loading({ label }: { label: string }) {
  return (
    <div className="loading" role="status">
      <span className="loading-dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      <span className="visually-hidden">{label}</span>
    </div>
  );
}
