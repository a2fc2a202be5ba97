import { commonChannel } from "./link.ts";

interface StrangersOptions {
  epoch: string;
  listen: (channel: string, listener: (text: string) => void) => void;
  say: (channel: string, text: string) => void;
  /** Told once of each other history. */
  onStranger: (epoch: string) => void;
}

/** Remembered at once (G7). */
const knownMax = 1_000;

/**
 * Nodes with another database, which never meet on the installation's own channels: each says its history when its link
 * is new, and answers a history that it did not know.
 */
export class Strangers {
  readonly #known = new Set<string>();

  constructor(private readonly options: StrangersOptions) {
    const { epoch, listen, onStranger } = options;
    listen(commonChannel, (text) => {
      if (text === epoch || !/^[0-9a-f-]{36}$/.test(text) || this.#known.has(text) || this.#known.size >= knownMax)
        return;
      this.#known.add(text);
      this.greet();
      onStranger(text);
    });
  }

  greet(): void {
    this.options.say(commonChannel, this.options.epoch);
  }
}
