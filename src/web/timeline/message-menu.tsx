import {
  type KeyboardEvent,
  Suspense,
  useContext,
  useEffect,
  useLayoutEffect,
  useRef,
  useSyncExternalStore,
} from "react";
import type { Message } from "../../protocol/models.ts";
import { useParley } from "../app/parley.ts";
import { useText } from "../i18n/use-text.ts";
import { RoomOfTimeline, shownMenu } from "./menu-state.ts";
import { actionsFor, type MessageAction, type MessageHere } from "./message-actions.tsx";

/** Between the menu, what it belongs to, and the edge of the window. */
const gapPx = 6;

function focusMessage(messageId: string): void {
  const row = document.querySelector(`[data-message="${CSS.escape(messageId)}"]`)?.closest<HTMLElement>(".row");
  row?.focus({ preventScroll: true });
}

function close(messageId: string): void {
  shownMenu.set(null);
  focusMessage(messageId);
}

/** Runs an action as chosen: from the menu, by its button or by its key. */
export function runAction(action: MessageAction, here: MessageHere, anchor: DOMRect): void {
  const { message } = here;
  action.run(here, {
    anchor,
    show: (view) => shownMenu.set({ message, anchor, view }),
    close: () => close(message.id),
  });
}

/** What is open of the messages of a timeline: the menu of one, or what an action shows. */
export function MessageMenu() {
  const shown = useSyncExternalStore(shownMenu.subscribe, shownMenu.get);
  useEffect(() => () => shownMenu.set(null), []);
  if (shown === null) return null;
  if (shown.view !== null) return <Suspense>{shown.view}</Suspense>;
  return <Menu key={shown.message.id} message={shown.message} anchor={shown.anchor} />;
}

function Menu({ message: opened, anchor }: { message: Message; anchor: DOMRect }) {
  const text = useText();
  const room = useContext(RoomOfTimeline);
  const me = useParley((state) => state.me);
  // It may be edited or deleted while its menu is open.
  const held = useParley((state) => state.timelines[opened.room_id]?.messages.find(({ id }) => id === opened.id));
  const message = held === undefined || "is_hidden" in held ? opened : held;
  const dialog = useRef<HTMLDialogElement>(null);

  useLayoutEffect(() => {
    const menu = dialog.current;
    if (!menu || menu.open) return;
    menu.showModal();
    // Under what it belongs to, above where there is no room; style sheets put it at the foot of small screens.
    const { offsetWidth: width, offsetHeight: height } = menu;
    const below = anchor.bottom + gapPx;
    const top = below + height + gapPx <= window.innerHeight ? below : anchor.top - height - gapPx;
    const left = Math.min(anchor.left, window.innerWidth - width - gapPx);
    menu.style.setProperty("--top", `${Math.max(gapPx, top)}px`);
    menu.style.setProperty("--left", `${Math.max(gapPx, left)}px`);
    menu.querySelector("button")?.focus({ preventScroll: true });
    return () => menu.close();
  }, [anchor]);

  if (room === null) return null;
  const here = { message, room, me };
  const actions = actionsFor(here);

  function choose(action: MessageAction) {
    close(message.id);
    runAction(action, here, anchor);
  }

  function press(event: KeyboardEvent) {
    const buttons = [...(dialog.current?.querySelectorAll("button") ?? [])];
    const at = buttons.findIndex((button) => button === document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    const byKey = actionOf(event, actions);
    if (to === undefined && byKey === undefined && event.key !== "Tab") return;
    event.preventDefault();
    event.stopPropagation();
    if (to !== undefined) buttons.at(to % buttons.length)?.focus();
    else if (byKey) choose(byKey);
    else close(message.id);
  }

  return (
    <dialog
      ref={dialog}
      className="message-menu"
      aria-label={text.messageMenu.label}
      onKeyDown={press}
      onCancel={(event) => {
        event.preventDefault();
        close(message.id);
      }}
      onPointerDown={(event) => {
        if (event.target === event.currentTarget) close(message.id);
      }}
    >
      <div role="menu" aria-label={text.messageMenu.label}>
        {actions.map((action) => (
          <button
            key={action.id}
            type="button"
            role="menuitem"
            tabIndex={-1}
            data-danger={action.isDanger || undefined}
            aria-keyshortcuts={action.shortcut}
            onClick={() => choose(action)}
          >
            <action.Icon size={18} aria-hidden />
            <span>{action.label(text, here)}</span>
            {action.shortcut !== undefined && <kbd aria-hidden="true">{keyName(action.shortcut)}</kbd>}
          </button>
        ))}
      </div>
    </dialog>
  );
}

const keyName = (key: string) => (key === "Delete" ? "Del" : key.toUpperCase());

/** The action whose key was pressed, if it was one. */
export function actionOf(
  event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey">,
  actions: readonly MessageAction[],
): MessageAction | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  const pressed = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return actions.find(({ shortcut }) => shortcut === pressed);
}
