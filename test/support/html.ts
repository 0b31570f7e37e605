/** What the HTML standard calls parse errors; browsers and mail programs repair them in silence. */
import { type DefaultTreeAdapterTypes, parse } from 'parse5';

/** @returns each error with the line it is in; empty when the document is well-formed and no id is used twice */
export function htmlFaults(html: string): string[] {
  const faults: string[] = [];
  const lines = html.split('\n');
  const document = parse(html, {
    sourceCodeLocationInfo: true,
    onParseError: ({ code, startLine }) => faults.push(`${code}: ${lines[startLine - 1]?.trim()}`),
  });
  const ids = new Set<string>();
  const visit = (node: DefaultTreeAdapterTypes.Node) => {
    if ('attrs' in node) {
      const id = node.attrs.find(({ name }) => name === 'id')?.value;
      if (id !== undefined && ids.has(id)) {
        faults.push(`id '${id}' is used twice`);
      }
      ids.add(id ?? '');
      // An end tag that is missing is no parse error for some elements, and still a mistake of a template.
      const needsEnd = !VOID.has(node.tagName) && node.sourceCodeLocation?.startTag !== undefined;
      if (needsEnd && node.sourceCodeLocation?.endTag === undefined) {
        faults.push(`<${node.tagName}> is not closed`);
      }
    }
    if ('childNodes' in node) {
      node.childNodes.forEach(visit);
    }
  };
  visit(document);
  return faults;
}

const VOID = new Set(['br', 'hr', 'img', 'input', 'link', 'meta', 'path', 'ellipse', 'circle']);
