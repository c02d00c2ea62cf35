import { useRef, useState } from 'preact/hooks';
import { ask, type Problem } from '../lib/api.ts';
import { type Completion, complete, type Schema } from '../lib/complete.ts';
import { useShortcuts } from '../lib/keys.ts';
import { problemOf } from '../lib/use-answer.ts';
import { ProblemBox } from './shown.tsx';

/** The schema is large and changes with the gateway's version only: asked for once, by whoever wants to complete. */
let asked: Promise<Schema> | undefined;
const schema = (): Promise<Schema> => {
  asked ??= ask<Schema>('/api/config/schema');
  // Whoever asks again after a failure may have more luck.
  asked.catch(() => {
    asked = undefined;
  });
  return asked;
};

const NOTHING: Completion = { from: 0, choices: [] };
const KEYS = [{ keys: 'Ctrl+Space', what: 'In the config: what may stand here', run: () => undefined }];

/** A config to edit: what may stand at the caret is offered from the schema, and what is wrong is marked where it is. */
export function YamlEditor({
  id,
  value,
  bad,
  onInput,
}: {
  id: string;
  value: string;
  /** Lines with something wrong, from 1. */
  bad: ReadonlySet<number>;
  onInput(value: string): void;
}) {
  const area = useRef<HTMLTextAreaElement>(null);
  const gutter = useRef<HTMLPreElement>(null);
  const [offer, setOffer] = useState<Completion>(NOTHING);
  const [chosen, setChosen] = useState(0);
  const [problem, setProblem] = useState<Problem>();
  useShortcuts(KEYS);
  const close = (): void => setOffer(NOTHING);

  const look = (): void => {
    const { value: text, selectionStart } = area.current as HTMLTextAreaElement;
    schema().then(
      (known) => {
        setOffer(complete(text, selectionStart, known));
        setChosen(0);
        setProblem(undefined);
      },
      (error: unknown) => setProblem(problemOf(error)),
    );
  };
  const take = (insert: string): void => {
    const element = area.current as HTMLTextAreaElement;
    element.focus();
    element.setRangeText(insert, offer.from, element.selectionStart, 'end');
    onInput(element.value);
    close();
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === ' ' && event.ctrlKey) {
      event.preventDefault();
      look();
      return;
    }
    const { choices } = offer;
    if (choices.length === 0) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) setChosen((chosen + step + choices.length) % choices.length);
    else if (event.key === 'Enter' || event.key === 'Tab') take(choices[chosen]?.insert ?? '');
    else if (event.key === 'Escape') close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const lines = value.split('\n').length;
  return (
    <>
      <div class="editor-frame">
        <pre ref={gutter} class="gutter" aria-hidden="true">
          {Array.from({ length: lines }, (_, at) => (
            <span key={at} class={bad.has(at + 1) ? 'bad' : undefined}>{`${at + 1}\n`}</span>
          ))}
        </pre>
        <textarea
          ref={area}
          id={id}
          class="editor"
          spellcheck={false}
          wrap="off"
          value={value}
          aria-autocomplete="list"
          aria-controls={`${id}-offer`}
          aria-describedby={`${id}-hint`}
          aria-activedescendant={offer.choices.length > 0 ? `${id}-offer-${chosen}` : undefined}
          onKeyDown={onKey}
          onInput={(event) => {
            onInput(event.currentTarget.value);
            if (offer.choices.length > 0) look();
          }}
          onClick={close}
          onScroll={(event) => {
            if (gutter.current) gutter.current.scrollTop = event.currentTarget.scrollTop;
          }}
        />
      </div>
      <p id={`${id}-hint`} class="note">
        <kbd>Ctrl</kbd>
        <kbd>Space</kbd> offers what may stand where the caret is.
      </p>
      {problem && <ProblemBox problem={problem} />}
      <div
        id={`${id}-offer`}
        class="offer"
        role="listbox"
        tabIndex={-1}
        aria-label="What may stand here"
        hidden={offer.choices.length === 0}
      >
        {offer.choices.map(({ label, insert, what }, at) => (
          <div
            key={label}
            id={`${id}-offer-${at}`}
            role="option"
            tabIndex={-1}
            aria-selected={at === chosen}
            ref={(element) => {
              if (at === chosen) element?.scrollIntoView({ block: 'nearest' });
            }}
            onMouseDown={(event) => {
              event.preventDefault();
              take(insert);
            }}
          >
            <code>{label}</code> <span class="muted">{what}</span>
          </div>
        ))}
      </div>
    </>
  );
}
