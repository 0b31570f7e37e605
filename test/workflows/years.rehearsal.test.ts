/** Three years, day by day, over some thirty runs of the Workflow. */
import { billsDaily } from './daily-billing.ts';

billsDaily(1_096);
