import type { GatewayConfig } from '../../config/schema/index.ts';
import { type Finding, isOver } from '../findings/finding.ts';
import { list, plain, table } from '../reports/markdown.ts';
import type { KnowledgeEntry } from './entry.ts';

/** Runbooks of one bundle, the newest. */
const MOST_RUNBOOKS = 100;

/** Everything that whoever takes over needs, as it is now: from the config that serves, the findings and what they taught. */
export function handover(
  config: GatewayConfig,
  {
    findings,
    knowledge,
    revision,
    now,
  }: { findings: readonly Finding[]; knowledge: readonly KnowledgeEntry[]; revision: number; now: number },
): string {
  const { window, objectives, notify } = config.hypercare;
  const open = findings.filter((finding) => !isOver(finding));
  return [
    `# Handover of ${plain(window?.name ?? 'the gateway')}`,
    `Config revision ${revision}, generated ${new Date(now).toISOString()}. Owner: ${plain(window?.owner || 'unknown')}.`,
    '## As it runs',
    table(['Route', 'Takes', 'Goes to', 'Priority', 'Fallback'], config.routes.map(routeRow)),
    table(
      ['Upstream', 'Targets', 'Balance', 'Breaker'],
      Object.entries(config.upstreams).map(([name, upstream]) => [
        name,
        upstream.targets.map(({ url }) => url).join(', '),
        upstream.balance,
        upstream.breaker ? 'yes' : 'no',
      ]),
    ),
    table(
      ['Model', 'Targets', 'Fallback'],
      Object.entries(config.ai.models).map(([name, model]) => [
        name,
        (model.targets ?? [])
          .map((target) => `${target.provider}/${target.model} (${target.weight})`)
          .join(', '),
        model.fallback.join(', '),
      ]),
    ),
    '## Alert rules',
    list(
      objectives.map(
        (objective) =>
          `${plain(objective.name)}: ${plain(JSON.stringify({ ...objective, name: undefined }))}`,
      ),
    ),
    '## Known issues',
    list(open.map(({ id, priority, sentence }) => `**${priority}** ${plain(sentence)} (${id})`)),
    '## Runbooks',
    ...runbooks(knowledge),
    '## Contacts',
    list(
      notify.map(
        ({ kind, name, priorities }) => `${plain(name || kind)} (${kind}): ${priorities.join(', ')}`,
      ),
    ),
    '',
  ].join('\n\n');
}

function routeRow({
  name,
  match,
  upstream,
  split,
  priority,
  fallback,
}: GatewayConfig['routes'][number]): string[] {
  const to = upstream ?? split?.map((part) => `${part.upstream} ${part.weight}`).join(', ') ?? '';
  return [name, `${match.methods.join('/')} ${match.path}`, to, priority, fallback ? 'yes' : 'no'];
}

const runbooks = (knowledge: readonly KnowledgeEntry[]): string[] =>
  knowledge.length === 0
    ? ['None yet: nothing was resolved.']
    : knowledge
        .slice(0, MOST_RUNBOOKS)
        .map(
          ({ title, symptom, cause, fix, proof, notes, id }) =>
            `### ${plain(title)}\n\n${list([
              `If: ${plain(symptom)}`,
              `Cause: ${plain(cause.sentence || cause.kind)}`,
              `Do: ${plain(fix)}`,
              `Proof: ${plain(proof)}`,
              ...notes.map((note) => `Note: ${plain(note)}`),
              `Learnt from ${id}`,
            ])}`,
        );
