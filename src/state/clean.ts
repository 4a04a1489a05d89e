/**
 * Takes secrets out of a text before it is stored. Live keys, answers and messages come from outside: somebody may have
 * pasted the admin key into a description.
 */
export type Clean = (text: string) => string;
