import { Fragment } from 'preact';
import type { Scope } from '../lib/finding.ts';
import { changeAddress, placeAddress } from '../lib/places.ts';

/** Something with a way to more of it, if there is one. */
const Way = ({ to, children }: { to: string | undefined; children: string }) =>
  to === undefined ? children : <a href={to}>{children}</a>;

/** `route checkout, target http://…`, each a way there; everything: `all traffic`. */
export const Place = ({ scope }: { scope: Scope }) => {
  const all = Object.entries(scope);
  if (all.length === 0) return <>all traffic</>;
  return all.map(([dimension, value], at) => (
    <Fragment key={dimension}>
      {at > 0 && ', '}
      {dimension} <Way to={placeAddress(dimension, value)}>{value}</Way>
    </Fragment>
  ));
};

/** What became of what: `revision config: 3 → 4`. */
export const ChangeOf = ({
  change: { kind, subject, from, to },
}: {
  change: { readonly kind: string; readonly subject: string; readonly from: string; readonly to: string };
}) => (
  <>
    <b>{kind}</b> <Way to={changeAddress(kind, subject, to)}>{subject}</Way>: {from} → {to}
  </>
);
