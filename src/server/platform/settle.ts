/**
 * Who hears, once, what became of something: a promise without its price. Where every message passes, a chain of five
 * promises would cost as much as storing it.
 */
export interface Settle<T> {
  done(value: T): void;
  failed(error: unknown): void;
}
