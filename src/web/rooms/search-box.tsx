import { Search, X } from "lucide-react";
import { useText } from "../i18n/use-text.ts";
import { IconButton } from "../ui/button.tsx";

interface SearchBoxProps {
  label: string;
  placeholder: string;
  value: string;
  onChange(value: string): void;
}

/** A field that filters what stands below it; Escape empties it. */
export function SearchBox({ label, placeholder, value, onChange }: SearchBoxProps) {
  const text = useText();
  return (
    <search className="search-box">
      <Search size={16} aria-hidden />
      <input
        type="text"
        inputMode="search"
        enterKeyHint="search"
        className="search-input"
        dir="auto"
        aria-label={label}
        placeholder={placeholder}
        autoComplete="off"
        maxLength={100}
        value={value}
        onChange={({ target }) => onChange(target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape" && value !== "") {
            event.stopPropagation();
            onChange("");
          }
        }}
      />
      {value !== "" && (
        <IconButton label={text.rooms.clearSearch} onClick={() => onChange("")}>
          <X size={16} aria-hidden />
        </IconButton>
      )}
    </search>
  );
}
