/**
 * Puts messages and stack traces of failures into payloads, so that the payload codec encrypts them too. Named by path
 * in the data converter, and loaded with `require`, also into the Workflow bundle: hence CommonJS.
 */
const { DefaultFailureConverter } = require('@temporalio/common');

exports.failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
