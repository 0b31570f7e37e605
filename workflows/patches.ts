/**
 * Ids of changes that running Workflows meet in the middle of their lives: a run that was past the place when the change
 * was deployed goes on as it did. Used with `patched()`, where the situation arises and nowhere else, so that others
 * write no marker. An id is never used again; it can be deprecated (`deprecatePatch`) when every run that was started
 * before its date has ended or continued as new, and be removed when those have, too.
 * "After 0.1.0" is unreleased: later than the code that recorded the kept histories of 0.1.0, in no release yet.
 */
export const PATCHES = {
  /** The end waits for a Checkout Session on its way, and none is opened after it. After 0.1.0. */
  sessionsEndWithEnrollment: 'sessions-end-with-enrollment',
  /** A refused setup is answered once its end is written, so that a repeat hears the same. After 0.1.0. */
  refusalAfterEnd: 'refusal-after-end',
  /** What never reached Stripe is made again as what it was, and uses up no retry. After 0.1.0. */
  notMadeRepeats: 'not-made-repeats',
  /** A look that decides nothing leaves the next try and the deadline; a charge without either gets one. After 0.1.0. */
  planOutlivesLook: 'plan-outlives-look',
  /** News of a PaymentIntent whose id is not known yet is read once it is. After 0.1.0. */
  newsBeforeIntent: 'news-before-intent',
  /** A charge that fell due before a pause is opened first: the pause would forget it. After 0.1.0. */
  dueBeforePause: 'due-before-pause',
  /** What fell due before a pause stays owed also when it cannot be opened first; replaces the one above. After 0.1.0. */
  owedOutlivesPause: 'owed-outlives-pause',
  /** News of a saved method that is being read is read after it: the answer may be older. After 0.1.0. */
  newsWhileMethodIsRead: 'news-while-method-is-read',
  /** A parked charge that turns out to stand well at Stripe waits for no operator any more. After 0.1.0. */
  lookUnparks: 'look-unparks',
  /** Of several who wait to change the schedule one goes, and the others go on waiting. After 0.1.0. */
  oneChangeAtATime: 'one-change-at-a-time',
  /** A period ends where a charge was left out, not with the charge that comes after it. After 0.1.0. */
  leftOutEndsPeriod: 'left-out-ends-period',
  /** News of a session that is being read is read after it, where the answer leaves it open. After 0.1.0. */
  newsWhileSessionIsRead: 'news-while-session-is-read',
  /** A lower amount at once credits nothing that was not collected. After 0.1.0. */
  noCreditBeforePayment: 'no-credit-before-payment',
  /** Dunning that a person has stopped stays so, whatever is decided on a decline of the try under way. After 0.1.0. */
  stopOutlivesDecline: 'stop-outlives-decline',
  /** A retry is on the method whose decline it follows, also when that is the other one. After 0.1.0. */
  retryOnMethodTried: 'retry-on-method-tried',
  /** So does one that its customer confirms, or that a cancel finds under way. After 0.1.0. */
  stepUnparks: 'step-unparks',
  /** A refund that ends in an error may have been made all the same: refunds are read after it. After 0.1.0. */
  lookAfterRefundError: 'look-after-refund-error',
  /** A refund waits for a look at Stripe's lists that is under way: the look may be without it. After 0.1.0. */
  refundAfterLook: 'refund-after-look',
  /** A late payment whose refund is refused, e.g. for a dispute, is kept until it can go back. After 0.1.0. */
  refusedRefundWaits: 'refused-refund-waits',
  /** A run is handed on after some ten periods, while it has nothing under way. After 0.1.0. */
  shortRuns: 'short-runs',
  /** A lower amount at once credits no more than is with us of what paid for the period. After 0.1.0. */
  creditWithinReceived: 'credit-within-received',
  /** A late payment that cannot go back is in the rows, and tried again daily also where our key was refused. After 0.1.0. */
  refusedRefundShows: 'refused-refund-shows',
  /** A parked charge that is resumed does again what was refused, and not always an attempt. After 0.1.0. */
  parkedStepRepeats: 'parked-step-repeats',
  /** A schedule that is changed while its first method is being saved starts as it was changed. After 0.1.0. */
  changeOutlivesStart: 'change-outlives-start',
  /** A cancel at the end of the period, and its undoing, wait for changes of the schedule, and hold others up. After 0.1.0. */
  cancelLaterInTurn: 'cancel-later-in-turn',
  /** A command is refused when its turn has come and what it was checked against holds no longer. After 0.1.0. */
  refusedInTurn: 'refused-in-turn',
  /** The balance pays for a charge only if it still does, and the charge is still the next one. After 0.1.0. */
  balanceInTurn: 'balance-in-turn',
  /** A lost dispute holds back what it held also where a pause had begun before, until somebody resumes. After 0.1.0. */
  lostDisputeInPause: 'lost-dispute-in-pause',
  /** A cancel at the end of the period takes effect also while a dispute holds charges back. After 0.1.0. */
  cancelOutlivesDispute: 'cancel-outlives-dispute',
  /** What has fallen due and is held back stays owed after a cancel at the end of its period. After 0.1.0. */
  owedOutlivesCancel: 'owed-outlives-cancel',
  /** A charge that is settled is not parked when a look at it is refused. After 0.1.0. */
  settledStays: 'settled-stays',
  /** A hold is known of while its charge is parked, and authorised again when it lapses meanwhile. After 0.1.0. */
  holdOutlivesPark: 'hold-outlives-park',
  /** A hold that lapses after the last period is authorised again, as its charge is still collected. After 0.1.0. */
  holdOutlivesPeriod: 'hold-outlives-period',
  /** A balance that has met a charge comes back when the charge ends without being paid. After 0.1.0. */
  balanceOutlivesCharge: 'balance-outlives-charge',
  /** A bank account that is being proven at the deadline is waited for until Stripe says what comes of it. After 0.1.0. */
  proofOutlivesDeadline: 'proof-outlives-deadline',
  /** While a dispute is open, no raise at once is accepted that would be charged when the dispute is won. After 0.1.0. */
  noRaiseInDispute: 'no-raise-in-dispute',
  /** A charge that was asked for and waits to be opened can be canceled. After 0.1.0. */
  waitingChargeEnds: 'waiting-charge-ends',
  /** A credit that met a charge stays used when the charge goes back, and counts as paid for a lower amount at once. After 0.1.0. */
  creditOutlivesRefund: 'credit-outlives-refund',
  /** While a dispute keeps everybody from paying nothing is given up for want of time, and there is some after it. After 0.1.0. */
  timeOutlivesDispute: 'time-outlives-dispute',
  /** The first attempt of a charge that was held back says until when, so that it is not taken for late. After 0.1.0. */
  heldIsNotLate: 'held-is-not-late',
  /** A customer who confirms while their charge is being tried is led to the bank after that try. After 0.1.0. */
  confirmAfterTry: 'confirm-after-try',
  /** After a dispute dunning goes on where it was held back: of no try under way, and a customer who must act is asked again. After 0.1.0. */
  goesOnWhereHeld: 'goes-on-where-held',
  /** The deadline that a look gives has the days by which dunning was extended besides the least. After 0.1.0. */
  extensionOutlivesLook: 'extension-outlives-look',
  /** A request that was carried out under its key is answered with that, also in a later run. After 0.1.0. */
  onceUnderKey: 'once-under-key',
} as const;
