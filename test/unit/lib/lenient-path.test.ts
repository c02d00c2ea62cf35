import { expect, it } from 'vitest';
import { isOddPath, lenientPath } from '../../../src/lib/lenient-path.ts';

it('a path as the most lenient server would read it', () => {
  expect(lenientPath('/admin;x/y')).toBe('/admin/y');
  expect(lenientPath('/ADMIN/')).toBe('/admin');
  expect(lenientPath('/admin. ./x')).toBe('/admin/x');
  expect(lenientPath('/a/b/.. /c')).toBe('/a/c');
  expect(lenientPath('/ .. /v1.2')).toBe('/v1.2');
  expect(isOddPath('/admin')).toBe(false);
});

it('a client finds no path that holds up the process: dots and spaces before a name’s end are read once', () => {
  const long = `a${'. '.repeat(150_000)}`;
  expect(lenientPath(`/A/${long}x`)).toBe(`/a/${long}x`);
  expect(lenientPath(`/A/${long}`)).toBe('/a/a');
});
