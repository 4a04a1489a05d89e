/** How much of a policy directory is read. What is beyond a bound is a problem that names the bound, never a hang. */
export interface Limits {
  /** Policy files in the directory. */
  readonly files: number;
  /** Bytes of one file. */
  readonly fileBytes: number;
  /** Lexical tokens of YAML in one file: signs, blanks, line ends and texts. */
  readonly tokens: number;
  /** YAML documents in one file. */
  readonly documents: number;
  /** Levels of nesting in one document. */
  readonly depth: number;
  /** Uses of aliases in one document, those inside of what an alias stands for included. */
  readonly aliases: number;
  /** Values in one document after its aliases are followed. */
  readonly values: number;
  /** Problems reported for one document. */
  readonly problems: number;
}

export const defaultLimits: Limits = {
  files: 100_000,
  fileBytes: 1024 * 1024,
  tokens: 200_000,
  documents: 1_000,
  depth: 50,
  aliases: 10_000,
  values: 100_000,
  problems: 50,
};
