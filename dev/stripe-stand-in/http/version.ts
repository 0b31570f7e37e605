/** The API version whose shapes are spoken, whatever version a request names. */
export const API_VERSION = '2026-10-28.endive';
