/** Pieces of the drawn documents: Markdown tables and Mermaid state diagrams. Pure; used by dev/docs only. */

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

export const code = (text: string) => `\`${text}\``;

/** A step from one state to another; `[*]` is the beginning or the end. */
export interface Edge {
  from: string;
  to: string;
  label?: string;
}

/** Edges between the same two states become one, with their labels beneath each other. */
export function stateDiagram(edges: readonly Edge[]): string {
  const joined = new Map<string, string[]>();
  for (const { from, to, label } of edges) {
    const arrow = `${from} --> ${to}`;
    joined.set(arrow, [...(joined.get(arrow) ?? []), ...(label ? [label] : [])]);
  }
  const lines = [...joined].map(([arrow, labels]) =>
    labels.length > 0 ? `  ${arrow}: ${labels.join('<br/>')}` : `  ${arrow}`,
  );
  return ['```mermaid', 'stateDiagram-v2', ...lines, '```'].join('\n');
}
