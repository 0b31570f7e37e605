/** Workflow code with a bug, under the type's real name: what the query for Workflows that cannot go on finds. */
export async function enrollmentWorkflow(): Promise<void> {
  throw new TypeError('a planted bug: any error that is not an ApplicationFailure fails the Workflow Task');
}
