// How a control says no. Thrown by the controls, answered by control/serve.ts.

/** A request that the control plane refuses; `status` is 400, 404 or 409. */
export class ControlRefusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
