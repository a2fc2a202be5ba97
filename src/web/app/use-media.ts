import { useSyncExternalStore } from "react";

/** One pane at a time below 640 px; from 1024 px list and conversation side by side. As in `styles/frame.css`. */
export type Width = "narrow" | "middle" | "wide";

const middle = window.matchMedia("(min-width: 640px)");
const wide = window.matchMedia("(min-width: 1024px)");

function subscribe(listener: () => void): () => void {
  middle.addEventListener("change", listener);
  wide.addEventListener("change", listener);
  return () => {
    middle.removeEventListener("change", listener);
    wide.removeEventListener("change", listener);
  };
}

const widthNow = (): Width => (wide.matches ? "wide" : middle.matches ? "middle" : "narrow");

export function useWidth(): Width {
  return useSyncExternalStore(subscribe, widthNow);
}
