/** Asks Jest's own process for what all tests share; it is made ready for the first who asks. */

/** @throws Error with the reason when it cannot be had. */
export async function askForServer<T>(
  name: 'postgres' | 'temporal' | 'chromium' | 'workflow-code',
): Promise<T> {
  const url = process.env.TEST_SERVERS_URL;
  if (!url) {
    throw new Error('TEST_SERVERS_URL is not set: run tests with npm test');
  }
  const answer = await ask(`${url}/${name}`);
  if (!answer.ok) {
    throw new Error(`no ${name} for the tests: ${await answer.text()}`);
  }
  return (await answer.json()) as T;
}

/** A busy machine may close a connection before the question is through; asking twice starts nothing twice. */
async function ask(url: string): Promise<Response> {
  for (let tries = 1; ; tries++) {
    try {
      return await fetch(url);
    } catch (error) {
      if (tries === 5) {
        throw error;
      }
    }
  }
}
