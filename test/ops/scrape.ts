/** Prometheus text, read. */

export interface Sample {
  labels: Record<string, string>;
  value: number;
}

export function scrape(text: string) {
  const samples = text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', inner = '', value = ''] = /^([\w:]+)(?:\{(.*)\})? (\S+)/.exec(line) ?? [];
      const labels = [...inner.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, said]) => [key, said]);
      return { name, labels: Object.fromEntries(labels) as Record<string, string>, value: Number(value) };
    });
  const of = (name: string): Sample[] =>
    samples.filter((sample) => sample.name === name).map(({ labels, value }) => ({ labels, value }));
  return {
    /** Names of metrics, also of those without a sample yet. */
    names: [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name ?? ''),
    /** Names of samples, e.g. with `_bucket`. */
    sampleNames: [...new Set(samples.map(({ name }) => name))],
    of,
    /** The one sample with these labels. */
    value(name: string, labels: Record<string, string> = {}): number | undefined {
      return of(name).find((sample) =>
        Object.entries(labels).every(([key, said]) => sample.labels[key] === said),
      )?.value;
    },
  };
}
