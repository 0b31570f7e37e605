/**
 * How deep the stack traces of Workflow code are. The SDK takes one for every promise, so that the Temporal UI can show
 * where a Workflow waits, and maps each frame to its source: at V8's ten frames that is the largest part of a Workflow
 * Task. What the deeper ones name is the SDK. Bundled to be evaluated once, before there is a Workflow: afterwards the
 * globals are frozen.
 */
Error.stackTraceLimit = 4;
