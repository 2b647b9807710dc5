/** What the page of web_analytics shows: each panel asks one query of sql/web_analytics/dashboard. */

import { formatDuration, formatNumber, formatRatio, formatShare, formatWords } from "../js/format.js";

const REASONS = {
  "Lambda.ProcessingFailedStatus": "Not valid",
  "Lambda.FunctionError": "Function failed",
};

const ofTotals = (label, read) => ({ label, queries: ["totals"], format: formatNumber, read: ([totals]) => read(totals) });

export const tiles = [
  ofTotals("Visitors", ({ visitors }) => ({ value: visitors })),
  ofTotals("Sessions", ({ sessions, visitors }) => ({ value: sessions, note: `${formatRatio(sessions, visitors)} a visitor` })),
  ofTotals("Page views", ({ page_views, events }) => ({ value: page_views, note: `of ${formatNumber(events)} events` })),
  ofTotals("Purchases", ({ purchases, buying_sessions, sessions }) => ({
    value: purchases, note: `${formatShare(buying_sessions, sessions)} of sessions buy`,
  })),
  {
    label: "Rejected records", queries: ["rejected_records", "totals"], format: formatNumber,
    read: (reasons, [{ events }]) => {
      const value = reasons.reduce((sum, { records }) => sum + records, 0);
      return { value, note: `${formatShare(value, value + events)} of what came in`, warn: value > 0 };
    },
  },
];

const none = "No events in this period.";

export const panels = [
  {
    query: "traffic", kind: "time", size: "full", title: "Traffic over time", hint: "Events, sessions and visitors", empty: none,
    columns: [
      { title: "Events", key: "events" },
      { title: "Sessions", key: "sessions" },
      { title: "Visitors", key: "visitors" },
    ],
  },
  {
    query: "top_pages", kind: "bars", size: "half", title: "Top pages", hint: "Where visitors look most", empty: none,
    columns: [
      { title: "Page", key: "page" },
      { title: "Openings", key: "openings" },
      { title: "Visitors", key: "visitors" },
    ],
  },
  {
    query: "referrers", kind: "bars", size: "half", title: "Referrers", hint: "Where sessions come from", empty: none,
    columns: [
      { title: "Source", key: "source" },
      { title: "Sessions", key: "sessions" },
      { title: "Buying", key: "sessions_with_a_purchase", format: (value, row) => formatShare(value, row.sessions) },
    ],
  },
  {
    query: "event_mix", kind: "bars", title: "Event mix", hint: "What visitors do", empty: none,
    columns: [
      { title: "Event", key: "event", format: formatWords },
      { title: "Events", key: "events" },
      { title: "Visitors", key: "visitors" },
    ],
  },
  {
    query: "sessions", kind: "columns", title: "Sessions", hint: "By how many events they have, with their mean length", empty: none,
    label: "length", axis: "Events",
    columns: [
      { title: "Without a purchase", key: "without_a_purchase" },
      { title: "With a purchase", key: "with_a_purchase" },
    ],
    prepare: (rows) => rows.map((row) => ({ ...row, length: `${row.length}\n${formatDuration(row.mean_seconds)}` })),
  },
  {
    query: "rejected_records", kind: "time", by: "reason", title: "Rejected records", hint: "What did not reach the table",
    empty: "Every record of this period reached the table.",
    columns: [{ title: "Records", key: "records" }],
    prepare: (rows) => rows.map((row) => ({ ...row, reason: REASONS[row.reason] ?? row.reason })),
  },
];
