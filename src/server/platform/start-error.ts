/** Something around the server keeps it from starting. The message is one line that a person can act on. */
export class StartError extends Error {}
