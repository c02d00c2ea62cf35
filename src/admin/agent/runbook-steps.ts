import type { DetectorId } from '../../contracts/finding.ts';
import { ERRORS, type ErrorCode } from '../../errors/table.ts';

/** What to do about a kind of trouble, for who is on call through the agent's tools. */
export interface Steps {
  /** Whose matter it is most of the time. */
  readonly whose: string;
  /** In this order: each tells which of the causes it is. */
  readonly look: readonly string[];
  /** What is done about it, the safest first. */
  readonly act: readonly string[];
}

const CHANGED =
  'list_changes: what changed in the minutes before it began (revisions, targets, breakers, keys)?';
const REVISION =
  'A revision that came just before it: preview_roll_back, then roll_back. Nothing else is undone as quickly.';

const CLIENT: Steps = {
  whose: 'The client’s: it sent what can’t be served.',
  look: [
    'show_finding: is it one consumer or app (a release of theirs), or everybody (then something here changed)?',
    'explain_request with one of the requests: which route takes it, and which policies?',
    CHANGED,
  ],
  act: [
    'Everybody, since a revision: preview_roll_back, then roll_back.',
    'One consumer: tell its owner, with request ids from the evidence.',
  ],
};

/** By the beginning of a code; the first that fits. What is not here is told apart by its status. */
const OF_CODES: readonly (readonly [fits: RegExp, steps: Steps])[] = [
  [
    /^(upstream_|breaker_open|deadline_exceeded)/,
    {
      whose: 'The upstream’s, or the way to it.',
      look: [
        'show_finding: one target, or all of them? One route, or all that share the upstream?',
        'list_upstreams: the state and latency of each target, the breaker, what outlier ejection has taken out.',
        CHANGED,
      ],
      act: [
        REVISION,
        'One target of several: the finding’s action that drains it (preview_finding_action, apply_finding_action).',
        'All of them: the upstream’s owners. The breaker spares it meanwhile; a fallback or static answer spares the clients.',
        'Only upstream_timeout, and it answers well but later: the action that raises the timeout, if the callers can wait.',
      ],
    },
  ],
  [
    /^(provider_|model_|answer_invalid|content_filtered|guard_|prompt_|field_not_supported|endpoint_not_supported)/,
    {
      whose: 'The model provider’s, or of what is asked of it.',
      look: [
        'show_finding: one provider, one model version, one prompt version?',
        'query_usage by model,provider: did traffic, tokens or cost jump? A spent quota shows here.',
        CHANGED,
      ],
      act: [
        REVISION,
        'One provider or version: the action that switches the model, or pins the prompt’s version before.',
        'provider_auth_failed, provider_quota_spent: the key or the contract; no retry helps.',
      ],
    },
  ],
  [
    /^(rate_limited|budget_|loop_stopped|concurrency_limited|overloaded)/,
    {
      whose: 'Of one caller who asks too much, or of a limit that is too low.',
      look: [
        'show_finding: one consumer, key or session, or everybody?',
        'query_usage by consumer,model: who grew, and since when?',
        'get_status: requests in flight. overloaded: is the gateway itself short of CPU or memory?',
      ],
      act: [
        'One caller, the same request again and again: cap-loop; a key that runs away: throttle-key.',
        'Everybody, and the traffic is wanted: the action that changes the limit, or apply_config_patch.',
      ],
    },
  ],
  [
    /^(auth_|address_denied|not_authorized|cross_site_refused|signature_invalid|webhook_replayed)/,
    {
      whose: 'Of who calls, or of a key that changed.',
      look: [
        'show_finding: one address with many keys (somebody tries), or one consumer with an old key (a rotation)?',
        'list_audit and list_changes: was a key revoked, expired or rotated?',
        'auth_unavailable: the identity provider does not answer; see its own status.',
      ],
      act: [
        'Somebody tries: address rules (ip-allow) by apply_config_patch. A key that is abroad: revoke-key.',
        'A rotation: tell the owner; let the old key live until they have changed.',
        REVISION,
      ],
    },
  ],
  [
    /^schema_response/,
    {
      whose: 'The upstream’s: it answers what its contract does not say.',
      look: ['show_finding: the path that breaks, and since which version or target?', CHANGED],
      act: [
        'A new version of the upstream: shift traffic back to the one before, or drain it.',
        'The new form is right: change the schema. `mode: report` lets answers pass meanwhile.',
      ],
    },
  ],
  [
    /^store_unavailable|^budget_unavailable|^context_unavailable/,
    {
      whose: 'The store’s (Redis, or the disk).',
      look: [
        'get_status: is the store up? list_changes: since when?',
        'The store’s own monitoring: memory, failover, disk.',
      ],
      act: [
        'Bring it back; nothing here has to be restarted. Meanwhile: limits let pass, budgets do what onStoreDown says, known MCP sessions go on, new ones are refused.',
      ],
    },
  ],
  [
    /^mcp_tool_quarantined/,
    {
      whose: 'The MCP server’s: a tool is not what it was (tool poisoning, or a release).',
      look: [
        'list_mcp_tools: what differs? Read it as what a model would do with it: does it ask for keys, files, other tools?',
        'Ask the server’s owner whether they released something.',
      ],
      act: [
        'As expected: approve_mcp_tool with the digest that was read; a person confirms it.',
        'Not expected: leave it out of use, and look at what its other tools did lately.',
      ],
    },
  ],
  [
    /^mcp_(process_unavailable|answer_invalid|stream_lost|result_too_large)/,
    {
      whose: 'The MCP server’s, or its program’s.',
      look: [
        'list_mcp_sessions: how many, whose, and is who keeps them there? (process.max is a limit.)',
        'The log: “the program of an MCP server has ended by itself”; what it says itself stands there at level debug.',
        CHANGED,
      ],
      act: [
        REVISION,
        'mcp_process_unavailable: it starts again by itself, process.restarts times a minute; raise process.max if all are in use.',
        'mcp_result_too_large: results.maxSize of the server, if such answers are wanted.',
        'mcp_stream_lost: a replica is gone. Whether the call was carried out is not known: nobody repeats it blindly.',
      ],
    },
  ],
  [
    /^mcp_/,
    {
      whose: 'The client’s, or of the rules for it.',
      look: [
        'list_routes, explain_request: does an `allow` rule name this consumer and this tool?',
        'list_mcp_sessions: is the session there, and whose is it? A session is its opener’s alone.',
        CHANGED,
      ],
      act: ['A rule that is missing: apply_config_patch at /mcp/servers/NAME/allow.', REVISION],
    },
  ],
  [
    /^(context_|conversation_|session_unknown|tool_results_|idempotency_)/,
    {
      whose: 'Of a conversation that is kept here.',
      look: [
        'show_finding: one session, or many? One app that shows the wrong id?',
        'The session itself: GET /api/sessions/ID?consumer=NAME has its turns and the context that was sent.',
      ],
      act: ['The finding’s action (order-turns, compact-context), where it has one.', REVISION],
    },
  ],
];

const GATEWAY: Steps = {
  whose: 'The gateway’s own.',
  look: ['get_status: is it ready, how much runs?', CHANGED, 'The log, by the request ids of the evidence.'],
  act: [REVISION, 'Report it with the request id, version and revision.'],
};

export function stepsOfCode(code: ErrorCode): Steps {
  const found = OF_CODES.find(([fits]) => fits.test(code));
  if (found) return found[1];
  return ERRORS[code].status >= 400 && ERRORS[code].status < 500 ? CLIENT : GATEWAY;
}

const UPSTREAM = stepsOfCode('upstream_timeout');
const WHERE = 'show_finding: where it is, what beside it is normal, since when, and the likely cause.';

/** What each detector sees, for findings whose reason is no code. */
export const DETECTORS: Readonly<Record<DetectorId, Steps & { readonly means: string }>> = {
  errors: { means: 'More requests fail than usual.', ...UPSTREAM },
  slow: {
    means: 'Answers take longer than usual here, or longer than an objective allows.',
    whose: 'The upstream’s, the model’s or the tool’s; the gateway’s own only if everything is slow.',
    look: [WHERE, 'list_upstreams: one target? Is the traffic higher (query_usage)?', CHANGED],
    act: [REVISION, 'One target: drain it. A model: switch to another, or compact the context that grew.'],
  },
  'peer-outlier': { means: 'One of several targets does worse than its peers.', ...UPSTREAM },
  'objective-burn': {
    means: 'An objective’s error budget is spent faster than it may be.',
    ...UPSTREAM,
    look: ['get_kpis: which objective, how much is left?', ...UPSTREAM.look],
  },
  access: { means: 'More requests are denied than usual.', ...stepsOfCode('auth_key_unknown') },
  cost: {
    means: 'More is spent than usual, or the same call is made again and again.',
    ...stepsOfCode('budget_spent'),
  },
  contract: { means: 'What passes is not what the schema says.', ...stepsOfCode('schema_response') },
  context: { means: 'Conversations lose or mix up what was said.', ...stepsOfCode('conversation_locked') },
  'silent-failure': {
    means:
      'Answers that HTTP calls a success and that are none: empty, cut off, or a tool that says it failed. Or a fallback that stood by while requests failed.',
    whose: 'The model’s or the tool’s; of a fallback that stood by the config’s.',
    look: [
      WHERE,
      'mcp/SERVER/TOOL: list_mcp_tools and list_mcp_sessions; a model: query_usage, its version, its prompt.',
      CHANGED,
    ],
    act: [
      REVISION,
      'A model or prompt version: switch-model, pin-prompt. A tool: its server’s owners. A fallback: widen-fallback.',
    ],
  },
  'stale-cache': {
    means: 'Kept answers are older than they may be, or not what the origin says now.',
    whose: 'Of the cache’s settings.',
    look: [WHERE, CHANGED],
    act: ['The action that purges the cache.', 'A shorter ttl by apply_config_patch.'],
  },
  creep: {
    means: 'It grows slower by the minute: something leaks.',
    whose: 'The upstream’s.',
    look: [WHERE, 'list_upstreams: one target, the one that runs longest?'],
    act: ['Drain that target and have it restarted.', REVISION],
  },
  drift: {
    means:
      'What a model is asked (length, language) or answers (length, confidence, the tools it calls) is unlike what it was.',
    whose:
      'Of answers the model’s: a version behind its name, or a prompt that changed. Of questions those who ask: a new app, market or abuse.',
    look: [WHERE, CHANGED, 'The sentence of its why: which language or tool, and how much of it is usual.'],
    act: ['pin-prompt or switch-model, where the finding offers it.', REVISION],
  },
  voice: {
    means: 'People complain.',
    whose: 'See what they say.',
    look: [WHERE, 'list_findings: is there a technical one at the same place? It comes first.'],
    act: ['Acknowledge it and answer them; act on the technical finding.'],
  },
  state: {
    means: 'Something is out: a target, an upstream, a provider, or a tool that changed.',
    ...UPSTREAM,
    look: [...UPSTREAM.look, 'tool_changed: read mcp_tool_quarantined.'],
  },
};
