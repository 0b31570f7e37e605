/**
 * One source of figures behind several metrics: asked once for a scrape, remembered for some seconds, bounded in time.
 * When it does not answer, its metrics have no value and `billing_source_up` says so; the others are still told.
 */
import {
  Counter,
  type CounterConfiguration,
  Gauge,
  type GaugeConfiguration,
  type Registry,
} from 'prom-client';
import { within } from './within.ts';

/** A scrape waits this long for one source; Prometheus gives up after ten seconds. */
const ANSWER_WITHIN_MS = 5_000;

export interface FigureSource {
  gauge<Label extends string>(name: string, help: string, labelNames?: Label[]): Gauge<Label>;
  /** A total that is read, not counted here. */
  counter<Label extends string>(name: string, help: string, labelNames?: Label[]): Counter<Label>;
}

/** Makes sources that share a registry and one metric that says which of them answered. */
export function figureSources(registry: Registry, freshForMs: number) {
  const registers = [registry];
  const asks: (() => Promise<void>)[] = [];
  const up = new Gauge({
    name: 'billing_source_up',
    help: 'Whether the source of figures answered, 1 or 0',
    labelNames: ['source'],
    registers,
    async collect() {
      await Promise.all(asks.map((ask) => ask()));
    },
  });

  /**
   * @param ask where the figures come from
   * @param tell sets the metrics that were made of the source; they are empty when it is called
   */
  return function source<T>(
    name: string,
    ask: () => Promise<T>,
    define: (metrics: FigureSource) => (answer: T) => void,
  ): void {
    const metrics: { reset(): void }[] = [];
    const empty = () => {
      for (const metric of metrics) {
        metric.reset();
      }
    };
    /** By a clock that is never set back: nobody would be asked until the other one has caught up. */
    let asked: { atMs: number; told: Promise<void>; underWay: boolean } | null = null;
    const collect = () => {
      if (asked === null || (!asked.underWay && performance.now() - asked.atMs >= freshForMs)) {
        const told = within(ANSWER_WITHIN_MS, ask()).then(
          (answer) => {
            empty();
            tell(answer);
            up.set({ source: name }, 1);
          },
          () => {
            empty();
            up.set({ source: name }, 0);
          },
        );
        const current = { atMs: performance.now(), told, underWay: true };
        asked = current;
        void told.finally(() => {
          current.underWay = false;
        });
      }
      return asked.told;
    };
    const tell = define({
      gauge<Label extends string>(name: string, help: string, labelNames: Label[] = []) {
        const options: GaugeConfiguration<Label> = { name, help, labelNames, registers, collect };
        const gauge = new Gauge(options);
        metrics.push(labelNames.length === 0 ? { reset: () => gauge.remove() } : gauge);
        return gauge;
      },
      counter<Label extends string>(name: string, help: string, labelNames: Label[] = []) {
        const options: CounterConfiguration<Label> = { name, help, labelNames, registers, collect };
        const counter = new Counter(options);
        metrics.push(counter);
        return counter;
      },
    });
    asks.push(collect);
  };
}
