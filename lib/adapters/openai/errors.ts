/** The error classes of OpenAI's client, by name, fields and the status that each stands for. */

/** What the body of an answer says, in OpenAI's words. */
export interface ErrorObject {
  message: string;
  type: string;
  param: string | null;
  code: string | null;
}

export class OpenAIError extends Error {}

export class APIError extends OpenAIError {
  /** Of HTTP; undefined where there was no answer. */
  readonly status: number | undefined;
  readonly headers: Headers | undefined;
  readonly error: ErrorObject | undefined;
  readonly code: string | null | undefined;
  readonly param: string | null | undefined;
  readonly type: string | undefined;
  /** There are no requests here. */
  readonly requestID: undefined;

  constructor(
    status: number | undefined,
    error: ErrorObject | undefined,
    message: string | undefined,
    headers: Headers | undefined,
    cause?: unknown,
  ) {
    super([status, error?.message ?? message].filter((part) => part !== undefined).join(' '), { cause });
    this.status = status;
    this.headers = headers;
    this.error = error;
    this.code = error?.code;
    this.param = error?.param;
    this.type = error?.type;
  }
}

export class BadRequestError extends APIError {}
export class AuthenticationError extends APIError {}
export class PermissionDeniedError extends APIError {}
export class NotFoundError extends APIError {}
export class ConflictError extends APIError {}
export class UnprocessableEntityError extends APIError {}
export class RateLimitError extends APIError {}
export class InternalServerError extends APIError {}
export class APIConnectionError extends APIError {}
export class APIConnectionTimeoutError extends APIConnectionError {
  constructor(cause?: unknown) {
    super(undefined, undefined, 'Request timed out.', undefined, cause);
  }
}
export class APIUserAbortError extends APIError {
  constructor(cause?: unknown) {
    super(undefined, undefined, 'Request was aborted.', undefined, cause);
  }
}

const CLASSES: Readonly<Record<number, typeof APIError>> = {
  400: BadRequestError,
  401: AuthenticationError,
  403: PermissionDeniedError,
  404: NotFoundError,
  409: ConflictError,
  422: UnprocessableEntityError,
  429: RateLimitError,
};

export function errorOf(status: number, error: ErrorObject, headers: Headers, cause: unknown): APIError {
  const Class = CLASSES[status] ?? (status >= 500 ? InternalServerError : APIError);
  return new Class(status, error, undefined, headers, cause);
}
