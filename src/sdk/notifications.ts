import { limits } from "../protocol/limits.ts";
import type { StateStore } from "./actions.ts";
import { ApiError } from "./errors.ts";
import type { Http } from "./http.ts";
import type { Parley } from "./parley.ts";

interface NotificationsOptions {
  store: StateStore;
  http: Http;
}

/** Loads one's notifications into the store, a page at a time; what comes live is put before them. */
export function createNotifications({ store, http }: NotificationsOptions): Parley["notifications"] {
  async function load(page: number): Promise<void> {
    if (store.getSnapshot().notifications.loading) return;
    store.dispatch({ type: "notifications_requested" });
    try {
      const { data, meta } = await http.notifications.list({ page, per_page: limits.pageDefault });
      const { has_more, unread_count } = meta;
      store.dispatch({ type: "notifications_loaded", page, items: data, has_more, unread: unread_count });
    } catch (error) {
      store.dispatch({ type: "notifications_failed", error: error instanceof ApiError ? error.code : "OFFLINE" });
    }
  }

  return {
    async open() {
      const { loaded, isStale } = store.getSnapshot().notifications;
      if (!loaded || isStale) await load(1);
    },
    loadMore: () => load(1 + Math.floor(store.getSnapshot().notifications.items.length / limits.pageDefault)),
    markRead: async (ids) => void (await http.notifications.read({ ids: [...ids] })),
    markAllRead: async () => void (await http.notifications.read({ all: true })),
  };
}
