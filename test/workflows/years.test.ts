/** Eighty days, day by day: they take several runs of the Workflow. Three years: `years.rehearsal.test.ts`. */
import { billsDaily } from './daily-billing.ts';

billsDaily(80);
