/** What can go wrong in the command itself, beside the errors of the library. Messages are for people: no stack is shown. */

/** Options or arguments that do not go together. */
export class UsageError extends Error {
  readonly code = 'USAGE';
}

/** The command's input cannot be read or understood; the message begins with the file and, if there is one, the line. */
export class InputError extends Error {
  readonly code = 'INPUT';
}

/** The command's output cannot be written. */
export class OutputError extends Error {
  readonly code = 'OUTPUT';
}

/** Nobody reads standard output any more (`| head`): the end of the work, and no error of anybody's. */
export class ReaderGone extends Error {}

/** What a system error says, without the name of the system call and the path that Node appends. */
export function systemReason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ? message.replace(`${code}: `, '').replace(/, \w+( '.*')?$/s, '') : message;
}
