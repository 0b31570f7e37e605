/**
 * Ids of changes that running Workflows meet in the middle of their lives: a run that was past the place when the change
 * was deployed goes on as it did. Used with `patched()`, where the situation arises and nowhere else, so that others
 * write no marker. An id is never used again; it can be deprecated (`deprecatePatch`) when every run that was started
 * before its date has ended or continued as new, and be removed when those have, too.
 */
export const PATCHES = {
  /** The end waits for a Checkout Session on its way, and none is opened after it. Since 0.2.0. */
  sessionsEndWithEnrollment: 'sessions-end-with-enrollment',
  /** A refused setup is answered once its end is written, so that a repeat hears the same. Since 0.2.0. */
  refusalAfterEnd: 'refusal-after-end',
} as const;
