/** Line drawings of the products: no system has to have an emoji font. */
import { Html } from './html.ts';

const SHAPES = {
  beans:
    '<ellipse cx="17" cy="29" rx="9" ry="12" transform="rotate(-25 17 29)"/><path d="M12 19c6 5 2 12 9 21"/><ellipse cx="33" cy="19" rx="8" ry="11" transform="rotate(30 33 19)"/><path d="M38 10c-6 4-3 11-10 18"/>',
  box: '<path d="M6 15 24 6l18 9v18l-18 9-18-9z"/><path d="M6 15l18 9 18-9M24 24v18M15 10.500l18 9v6"/>',
  clock: '<circle cx="24" cy="27" r="16"/><path d="M24 17v10l7 5M19 5h10M24 5v6M37 13l3-3"/>',
  mug: '<path d="M8 16h26v18a7 7 0 0 1-7 7H15a7 7 0 0 1-7-7z"/><path d="M34 20h3a6 6 0 0 1 0 14h-3M16 5c-3 3 3 4 0 7M26 5c-3 3 3 4 0 7"/>',
} as const;

export type Drawing = keyof typeof SHAPES;

export function drawing(name: Drawing): Html {
  return new Html(
    `<svg class="drawing" viewBox="0 0 48 48" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2.500" stroke-linecap="round" stroke-linejoin="round">${SHAPES[name]}</svg>`,
  );
}
