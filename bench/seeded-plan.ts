/** What `bench/seeded.ts` is asked for; `places` of them are drawn from the history. */
export interface SeededPlan {
  users: number;
  rooms: number;
  messages: number;
  places: number;
}

/** What it writes down. */
export interface SeededWorld {
  /** Access tokens of everybody. */
  tokens: string[];
  /** How long the search index took for all of it. */
  indexedS: number;
  places: {
    room: string;
    /** Of somebody who may read the room. */
    token: string;
    /** Ids of messages: the room's first, and any one. */
    first: string;
    middle: string;
  }[];
}
