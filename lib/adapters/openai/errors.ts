/** The error classes of OpenAI's client, by name, fields and the status that each stands for. */

/** What the body of an answer says, in OpenAI's words. */
export interface ErrorObject {
  message: string;
  type: string;
  param: string | null;
  code: string | null;
}

/** What all errors of the client are. */
export class OpenAIError extends Error {}

/** What a server would answer with a status, and limits of the call. `cause` is the `OvembedError`. */
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

/** 400: a field does not fit; `param` names it. */
export class BadRequestError extends APIError {}
/** 401: never thrown here, as nobody is asked for a key. */
export class AuthenticationError extends APIError {}
/** 403: never thrown here. */
export class PermissionDeniedError extends APIError {}
/** 404: no model has that name. */
export class NotFoundError extends APIError {}
/** 409: never thrown here. */
export class ConflictError extends APIError {}
/** 422: never thrown here. */
export class UnprocessableEntityError extends APIError {}
/** 429: the queue is full; the header `retry-after-ms` says when to come again. */
export class RateLimitError extends APIError {}
/** 500 and above: devices or memory failed. */
export class InternalServerError extends APIError {}
/** No answer: what follows. */
export class APIConnectionError extends APIError {}
/** The time limit of the request is over. */
export class APIConnectionTimeoutError extends APIConnectionError {
  constructor(cause?: unknown) {
    super(undefined, undefined, 'Request timed out.', undefined, cause);
  }
}
/** The `signal` of the request was aborted; `cause` is its reason. */
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

/** The class that stands for a status, with what the body says. */
export function errorOf(status: number, error: ErrorObject, headers: Headers, cause: unknown): APIError {
  const Class = CLASSES[status] ?? (status >= 500 ? InternalServerError : APIError);
  return new Class(status, error, undefined, headers, cause);
}
