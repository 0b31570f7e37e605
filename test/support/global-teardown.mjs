/** Jest runs this once after all test files, also when tests failed. */
export default async function teardown() {
  await globalThis.testServers?.stop();
}
