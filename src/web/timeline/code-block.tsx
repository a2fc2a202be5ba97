import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { useText } from "../i18n/use-text.ts";

const shownMs = 2_000;

/** Lines of code, and a button that copies them. */
export function CodeBlock({ text: code }: { text: string }) {
  const text = useText();
  const [isCopied, setIsCopied] = useState(false);

  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setIsCopied(false), shownMs);
    return () => clearTimeout(timer);
  }, [isCopied]);

  async function copy() {
    await navigator.clipboard.writeText(code);
    setIsCopied(true);
  }

  return (
    <div className="code-block">
      <pre dir="ltr">
        <code>{code}</code>
      </pre>
      {/* A page without TLS has no clipboard. */}
      {navigator.clipboard && (
        <button type="button" className="code-copy" aria-label={text.markdown.copyCode} onClick={() => void copy()}>
          {isCopied ? <Check size={14} aria-hidden /> : <Copy size={14} aria-hidden />}
          <span className="visually-hidden" role="status">
            {isCopied && text.markdown.copied}
          </span>
        </button>
      )}
    </div>
  );
}
