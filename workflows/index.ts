/** Every Workflow of this service, by the name that Temporal knows it under. */
export { chargeAftermathWorkflow } from './aftermath.ts';
export { enrollmentWorkflow } from './enrollment.ts';
export { eventSweepWorkflow } from './event-sweep.ts';
