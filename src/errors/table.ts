/**
 * The one table of errors. The code is the `reason` that log, metrics and findings share. `status` 0 means that the
 * answer had begun already, so that no status could say it. `text` tells the reader of the answer what to do; it never
 * tells an attacker anything.
 */
export const ERRORS = {
  // the request as such
  request_malformed: { status: 400, retryable: false, text: 'The request is not valid HTTP.' },
  path_invalid: {
    status: 400,
    retryable: false,
    text: 'The path is ambiguous or not valid. Send it in its plain, decoded-once form.',
  },
  path_ambiguous: {
    status: 400,
    retryable: false,
    text: 'The path can be read as another one. Send it with the capitals that the API names, without ";" and without a slash or dot at the end of a name.',
  },
  method_ambiguous: {
    status: 400,
    retryable: false,
    text: 'A header asks for another method than the request has. Send the request with that method.',
  },
  host_invalid: { status: 400, retryable: false, text: 'Send exactly one valid Host header.' },
  headers_too_large: {
    status: 431,
    retryable: false,
    text: 'The request headers are too large. Send fewer or shorter headers.',
  },
  request_timeout: {
    status: 408,
    retryable: true,
    text: 'The request did not arrive in time. Send it again, faster.',
  },
  body_too_large: {
    status: 413,
    retryable: false,
    text: 'The request body is too large. Send a smaller one.',
  },
  body_malformed: { status: 400, retryable: false, text: 'The request body is not valid JSON.' },
  body_invalid: { status: 400, retryable: false, text: 'The request body is not what this endpoint takes.' },
  schema_request: {
    status: 422,
    retryable: false,
    text: 'The request body is not what this route takes.',
  },
  media_type_unsupported: {
    status: 415,
    retryable: false,
    text: 'Send the body with content-type application/json.',
  },
  // routing
  route_not_found: { status: 404, retryable: false, text: 'No route of this gateway matches the request.' },
  method_not_allowed: {
    status: 405,
    retryable: false,
    text: 'The path exists, but not with this method. See the Allow header.',
  },
  feature_not_active: {
    status: 501,
    retryable: false,
    text: 'This route is configured with a feature that this version does not have yet.',
  },
  route_gone: {
    status: 410,
    retryable: false,
    text: 'This version of the API is no longer served. See the Link header, if there is one.',
  },
  cache_only_missing: {
    status: 504,
    retryable: false,
    text: 'The request wants a cached answer only (only-if-cached), and none is kept.',
  },
  // access and limits
  auth_key_missing: { status: 401, retryable: false, text: 'Authentication is needed: send an API key.' },
  auth_key_unknown: {
    status: 401,
    retryable: false,
    text: 'Authentication failed: the API key is not valid.',
  },
  auth_key_expired: {
    status: 401,
    retryable: false,
    text: 'Authentication failed: the API key has expired. Get a new one.',
  },
  auth_credentials_missing: {
    status: 401,
    retryable: false,
    text: 'Authentication is needed: send a user name and password.',
  },
  auth_credentials_wrong: {
    status: 401,
    retryable: false,
    text: 'Authentication failed: the user name or password is not valid.',
  },
  auth_token_missing: { status: 401, retryable: false, text: 'Authentication is needed: send a token.' },
  auth_token_invalid: {
    status: 401,
    retryable: false,
    text: 'Authentication failed: the token is not valid. Get a new one.',
  },
  auth_unavailable: {
    status: 503,
    retryable: true,
    text: 'Authentication is not available at the moment. Try again.',
  },
  auth_certificate_missing: {
    status: 401,
    retryable: false,
    text: 'Authentication is needed: show a client certificate.',
  },
  auth_certificate_refused: {
    status: 401,
    retryable: false,
    text: 'Authentication failed: the client certificate is not accepted.',
  },
  auth_required: { status: 401, retryable: false, text: 'Authentication is needed.' },
  address_denied: { status: 403, retryable: false, text: 'Access from this address is not allowed.' },
  not_authorized: { status: 403, retryable: false, text: 'Access to this is not allowed.' },
  rate_limited: {
    status: 429,
    retryable: true,
    text: 'Too many requests. Wait for the time in Retry-After.',
  },
  overloaded: {
    status: 503,
    retryable: true,
    text: 'There is more to do than can be done at the moment. Wait for the time in Retry-After.',
  },
  concurrency_limited: {
    status: 503,
    retryable: true,
    text: 'As many requests as this route takes at once are running. Wait for the time in Retry-After.',
  },
  too_many_pipelined: {
    status: 429,
    retryable: true,
    text: 'Too many requests on this connection wait for their answers. Wait for some of them, or use more connections.',
  },
  // the admin API
  request_invalid: {
    status: 400,
    retryable: false,
    text: 'The request is not what this endpoint takes.',
  },
  resource_unknown: { status: 404, retryable: false, text: 'There is nothing under this name.' },
  cross_site_refused: {
    status: 403,
    retryable: false,
    text: 'The request seems to come from a page of another site. Send it from the admin listener’s own address.',
  },
  config_invalid: {
    status: 422,
    retryable: false,
    text: 'The configuration can’t be used. What is wrong with it, and where, stands in problems.',
  },
  config_file_differs: {
    status: 409,
    retryable: false,
    text: 'The config file holds a change that does not serve: it was refused, or just saved. Put the file right first.',
  },
  key_change_refused: {
    status: 422,
    retryable: false,
    text: 'The change of keys can’t be made.',
  },
  patch_failed: {
    status: 422,
    retryable: false,
    text: 'The patch does not fit the configuration. Which of its operations, and why, stands in problems.',
  },
  revision_changed: {
    status: 412,
    retryable: false,
    text: 'Another revision serves by now. Read the config again and decide anew.',
  },
  action_stale: {
    status: 409,
    retryable: false,
    text: 'The action does not fit any more: what it was made for has changed. Nothing was done.',
  },
  finding_state: {
    status: 409,
    retryable: false,
    text: 'The finding is in a state in which this can’t be done.',
  },
  exit_not_passed: {
    status: 409,
    retryable: false,
    text: 'The window can’t be signed off: not every exit criterion passes.',
  },
  signature_invalid: {
    status: 401,
    retryable: false,
    text: 'The signature of the webhook is missing, old or not right.',
  },
  webhook_replayed: {
    status: 409,
    retryable: false,
    text: 'This webhook was delivered before.',
  },
  precondition_missing: {
    status: 428,
    retryable: false,
    text: 'Say in If-Match which revision the change is meant for: the ETag of GET /api/config.',
  },
  store_unavailable: {
    status: 503,
    retryable: true,
    text: 'The store does not answer at the moment. Try again.',
  },
  worker_unresponsive: {
    status: 503,
    retryable: true,
    text: 'A worker process does not answer at the moment, so that it is not known to have done this. Try again.',
  },
  budget_spent: { status: 429, retryable: false, text: 'The budget is spent.' },
  loop_stopped: {
    status: 429,
    retryable: false,
    text: 'This session makes more calls than it may: it looks like a loop. Look at the agent before you start it again.',
  },
  budget_unpriced: {
    status: 503,
    retryable: false,
    text: 'Nobody knows what it costs, so that no budget can hold it. A model without a price gets one under ai.prices.',
  },
  budget_unavailable: {
    status: 503,
    retryable: true,
    text: 'The budget can’t be asked at the moment. Try again.',
  },
  // MCP servers
  mcp_server_unknown: {
    status: 404,
    retryable: false,
    text: 'There is no MCP server of this name, or nothing in it that you may use.',
  },
  mcp_origin_refused: {
    status: 403,
    retryable: false,
    text: 'The Host or Origin of the request is none under which this server may be called.',
  },
  mcp_message_invalid: {
    status: 400,
    retryable: false,
    text: 'The body is not one message of the Model Context Protocol.',
  },
  mcp_session_missing: {
    status: 400,
    retryable: false,
    text: 'The request needs the Mcp-Session-Id that initialize gave.',
  },
  mcp_session_unknown: {
    status: 404,
    retryable: false,
    text: 'The session is not known, or over. Initialize a new one.',
  },
  mcp_not_allowed: {
    status: 403,
    retryable: false,
    text: 'There is nothing of this name that you may use.',
  },
  mcp_tool_quarantined: {
    status: 403,
    retryable: false,
    text: 'The definition of this tool has changed, and nobody has approved the change yet.',
  },
  mcp_task_unknown: {
    status: 404,
    retryable: false,
    text: 'There is no task of this id that is yours, or it is over.',
  },
  mcp_state_invalid: { status: 400, retryable: false, text: 'Invalid or expired requestState.' },
  mcp_result_too_large: {
    status: 502,
    retryable: false,
    text: 'The message of the MCP server is larger than this gateway passes on.',
  },
  mcp_answer_invalid: {
    status: 502,
    retryable: false,
    text: 'The MCP server’s answer is not one of the Model Context Protocol.',
  },
  mcp_stream_lost: {
    status: 502,
    retryable: true,
    text: 'The gateway that carried this call is gone, and its answer with it. Whether the call was carried out is not known.',
  },
  mcp_process_unavailable: {
    status: 503,
    retryable: true,
    text: 'The program of this MCP server can’t be started at the moment. Try again.',
  },
  // models
  model_missing: { status: 400, retryable: false, text: 'The request must name a model.' },
  prompt_unknown: {
    status: 404,
    retryable: false,
    text: 'The prompt does not exist. GET the list of prompts.',
  },
  answer_invalid: {
    status: 502,
    retryable: true,
    text: 'The model’s answer does not fit the JSON Schema that it is held to.',
  },
  content_filtered: {
    status: 400,
    retryable: false,
    text: 'This content is not let through: a guard of the gateway, or the model’s provider, refuses it.',
  },
  guard_unavailable: {
    status: 503,
    retryable: true,
    text: 'A guard of the gateway could not judge this call. Try again.',
  },
  model_unknown: {
    status: 404,
    retryable: false,
    text: 'The model does not exist or is not available here. GET the list of models.',
  },
  field_not_supported: {
    status: 400,
    retryable: false,
    text: 'The model that would answer can’t take this field. Leave it out, or ask another model.',
  },
  endpoint_not_supported: {
    status: 400,
    retryable: false,
    text: 'The model that would answer has nothing of this kind. Ask another model.',
  },
  provider_auth_failed: {
    status: 502,
    retryable: false,
    text: 'The model provider refused the gateway’s credentials.',
  },
  provider_quota_spent: {
    status: 503,
    retryable: false,
    text: 'The gateway’s quota with the model provider is spent.',
  },
  provider_invalid_answer: {
    status: 502,
    retryable: true,
    text: 'The model provider sent an answer that could not be understood.',
  },
  provider_stream_failed: {
    status: 0,
    retryable: true,
    text: 'The model provider failed in the middle of its answer.',
  },
  provider_finish_missing: {
    status: 0,
    retryable: false,
    text: 'The model provider ended its answer without a finish reason.',
  },
  // upstream
  upstream_connect: { status: 502, retryable: true, text: 'The upstream could not be reached.' },
  upstream_address_refused: {
    status: 502,
    retryable: false,
    text: 'The upstream’s name leads to an address that the gateway does not connect to.',
  },
  upstream_reset: {
    status: 502,
    retryable: true,
    text: 'The upstream closed the connection before it answered.',
  },
  breaker_open: {
    status: 503,
    retryable: true,
    text: 'The upstream has failed too often and is left alone for a while. Wait for the time in Retry-After.',
  },
  upstream_unavailable: {
    status: 503,
    retryable: true,
    text: 'No instance of the upstream is in service at the moment. Try again later.',
  },
  upstream_timeout: { status: 504, retryable: true, text: 'The upstream did not answer in time.' },
  upstream_invalid: {
    status: 502,
    retryable: true,
    text: 'The upstream sent something that is not valid HTTP.',
  },
  upstream_too_large: {
    status: 502,
    retryable: false,
    text: 'The upstream sent more than the gateway accepts.',
  },
  upstream_truncated: {
    status: 0,
    retryable: true,
    text: 'The upstream broke off in the middle of its answer.',
  },
  upstream_stalled: {
    status: 0,
    retryable: true,
    text: 'The upstream fell silent in the middle of its answer.',
  },
  schema_response: {
    status: 502,
    retryable: false,
    text: 'The upstream answered with something that breaks the contract of this route.',
  },
  // conversations
  session_unknown: {
    status: 404,
    retryable: false,
    text: 'There is no such conversation or response, or it is somebody else’s.',
  },
  context_off: {
    status: 400,
    retryable: false,
    text: 'Conversations are not remembered here: `context.enabled` is off in the config.',
  },
  context_not_sealed: {
    status: 409,
    retryable: false,
    text: 'What was said is not sealed here, or its keys can’t be opened: see context.privacy.encryptWith.',
  },
  conversation_locked: {
    status: 409,
    retryable: true,
    text: 'The conversation is being answered, or has gone on meanwhile. Try again after Retry-After.',
  },
  context_unavailable: {
    status: 503,
    retryable: true,
    text: 'What was said before can’t be read at the moment, and the answer needs it. Try again, or send all of it.',
  },
  idempotency_key_reused: {
    status: 422,
    retryable: false,
    text: 'Another request was sent with this idempotency key. Give each request its own, and the same only when you repeat it.',
  },
  tool_results_unmatched: {
    status: 400,
    retryable: false,
    text: 'The results of tools must be those of all calls of one answer, and of no others.',
  },
  // the gateway itself
  deadline_exceeded: {
    status: 504,
    retryable: true,
    text: 'The call was not answered within the deadline that its client set.',
  },
  client_cancelled: {
    status: 499,
    retryable: false,
    text: 'The client closed the connection before the answer was complete.',
  },
  draining: { status: 503, retryable: true, text: 'The gateway is shutting down. Try again.' },
  internal: {
    status: 500,
    retryable: true,
    text: 'The gateway failed. The request id finds the cause in its log.',
  },
} as const satisfies Record<string, { status: number; retryable: boolean; text: string }>;

export type ErrorCode = keyof typeof ERRORS;
