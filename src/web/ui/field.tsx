import { Eye, EyeOff } from "lucide-react";
import { type InputHTMLAttributes, type ReactNode, type TextareaHTMLAttributes, useId, useState } from "react";
import { useText } from "../i18n/use-text.ts";

interface Labels {
  label: string;
  hint?: string | undefined;
  error?: string | undefined;
  /** Says that it may stay empty. */
  optional?: boolean;
}

interface Ids {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": true | undefined;
}

/** A control with its label, a hint and what is wrong with it, tied together for screen readers. */
export function Field({ label, hint, error, optional, children }: Labels & { children: (ids: Ids) => ReactNode }) {
  const text = useText();
  const id = useId();
  const note = error ?? hint;
  return (
    <div className="field" data-invalid={error !== undefined || undefined}>
      <label htmlFor={id}>
        {label}
        {optional && <span className="field-optional"> · {text.optional}</span>}
      </label>
      {children({
        id,
        "aria-describedby": note === undefined ? undefined : `${id}-note`,
        "aria-invalid": error === undefined ? undefined : true,
      })}
      {note !== undefined && (
        <p id={`${id}-note`} className="field-note">
          {note}
        </p>
      )}
    </div>
  );
}

type TextFieldProps = Labels & Omit<InputHTMLAttributes<HTMLInputElement>, "id">;

export function TextField({ label, hint, error, optional = false, ...input }: TextFieldProps) {
  return (
    <Field label={label} hint={hint} error={error} optional={optional}>
      {(ids) => <input className="input" dir="auto" {...input} {...ids} />}
    </Field>
  );
}

type TextAreaProps = Labels & Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, "id">;

export function TextArea({ label, hint, error, optional = false, ...input }: TextAreaProps) {
  return (
    <Field label={label} hint={hint} error={error} optional={optional}>
      {(ids) => <textarea className="input" dir="auto" rows={3} {...input} {...ids} />}
    </Field>
  );
}

export function PasswordField({ label, hint, error, ...input }: TextFieldProps) {
  const text = useText();
  const [shown, setShown] = useState(false);
  return (
    <Field label={label} hint={hint} error={error}>
      {(ids) => (
        <div className="input-with-button">
          <input
            className="input"
            type={shown ? "text" : "password"}
            autoCapitalize="none"
            spellCheck={false}
            maxLength={128}
            {...input}
            {...ids}
          />
          <button
            type="button"
            className="icon-button"
            aria-label={shown ? text.auth.hidePassword : text.auth.showPassword}
            aria-pressed={shown}
            onClick={() => setShown(!shown)}
          >
            {shown ? <EyeOff size={18} aria-hidden /> : <Eye size={18} aria-hidden />}
          </button>
        </div>
      )}
    </Field>
  );
}

interface ChoiceProps<Value extends string> {
  label: string;
  name: string;
  value: Value;
  options: readonly { value: Value; label: string; hint?: string; icon?: ReactNode }[];
  onChange(value: Value): void;
}

/** One of a few, all of them in sight. */
export function Choice<Value extends string>({ label, name, value, options, onChange }: ChoiceProps<Value>) {
  return (
    <fieldset className="choice">
      <legend>{label}</legend>
      <div className="choice-options">
        {options.map((option) => (
          <label key={option.value} className="choice-option">
            <input
              type="radio"
              name={name}
              value={option.value}
              checked={option.value === value}
              onChange={() => onChange(option.value)}
            />
            {option.icon}
            <span className="choice-text">
              <span>{option.label}</span>
              {option.hint !== undefined && <span className="choice-hint">{option.hint}</span>}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** What went wrong with a form as a whole; read out when it appears. */
export function FormError({ children }: { children: string | null }) {
  return (
    <div role="alert" className="form-error-holder">
      {children !== null && <p className="form-error">{children}</p>}
    </div>
  );
}
