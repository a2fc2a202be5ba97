import type { ReactNode } from "react";

interface FormProps {
  id?: string;
  className?: string;
  onSubmit(): void;
  children: ReactNode;
}

/** A form that the client itself sends; what is wrong with it is said in the person's language, not by the browser. */
export function Form({ id, className = "form", onSubmit, children }: FormProps) {
  return (
    <form
      id={id}
      className={className}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      {children}
    </form>
  );
}
