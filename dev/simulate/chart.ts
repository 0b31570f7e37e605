/** Draws a Vega-Lite chart as SVG, without a browser. Used by simulations; measurements may use it too. */
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

/** @returns a complete SVG document */
export async function svgOf(spec: TopLevelSpec): Promise<string> {
  const compiled = compile({ background: 'white', ...spec }).spec;
  return `${await new View(parse(compiled), { renderer: 'none' }).toSVG()}\n`;
}
