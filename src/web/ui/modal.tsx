import { X } from "lucide-react";
import { type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { useText } from "../i18n/use-text.ts";
import { Button, IconButton } from "./button.tsx";
import { FormError } from "./field.tsx";

interface ModalProps {
  title: string;
  onClose(): void;
  children: ReactNode;
  /** The buttons at its foot. */
  actions?: ReactNode;
}

/** A dialog over the page: the browser keeps the focus inside and gives it back afterwards. */
export function Modal({ title, onClose, children, actions }: ModalProps) {
  const text = useText();
  const titleId = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  // Before it leaves the document, or the focus would not be given back.
  useLayoutEffect(() => {
    const shown = dialog.current;
    if (shown && !shown.open) shown.showModal();
    return () => shown?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className="modal"
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onPointerDown={(event) => {
        if (event.target === event.currentTarget) onClose();
      }}
    >
      <div className="modal-sheet">
        <header className="modal-header">
          <h2 id={titleId}>{title}</h2>
          <IconButton label={text.close} onClick={onClose}>
            <X size={20} aria-hidden />
          </IconButton>
        </header>
        <div className="modal-body">{children}</div>
        {actions && <footer className="modal-actions">{actions}</footer>}
      </div>
    </dialog>
  );
}

interface ConfirmProps {
  title: string;
  hint?: string | undefined;
  confirm: string;
  danger?: boolean;
  busy: boolean;
  error: string | null;
  onConfirm(): void;
  onClose(): void;
}

/** Asks once more before something that is not easily undone. */
export function Confirm({ title, hint, confirm, danger = false, busy, error, onConfirm, onClose }: ConfirmProps) {
  const text = useText();
  return (
    <Modal
      title={title}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{text.cancel}</Button>
          <Button look={danger ? "danger" : "primary"} busy={busy} onClick={onConfirm}>
            {confirm}
          </Button>
        </>
      }
    >
      {hint !== undefined && <p className="muted">{hint}</p>}
      <FormError>{error}</FormError>
    </Modal>
  );
}
