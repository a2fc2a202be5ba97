/** Calls `woken` whenever the page comes to the front or the network changes; the returned function stops that. */
export function onWake(woken: () => void): () => void {
  if (typeof window === "undefined" || typeof document === "undefined") return () => {};
  const visible = () => {
    if (document.visibilityState === "visible") woken();
  };
  window.addEventListener("online", woken);
  window.addEventListener("offline", woken);
  window.addEventListener("pageshow", woken);
  document.addEventListener("visibilitychange", visible);
  return () => {
    window.removeEventListener("online", woken);
    window.removeEventListener("offline", woken);
    window.removeEventListener("pageshow", woken);
    document.removeEventListener("visibilitychange", visible);
  };
}

/** Whether the device believes that it has a network; outside of browsers nobody knows better. */
export function isOnline(): boolean {
  return typeof navigator === "undefined" || navigator.onLine !== false;
}
