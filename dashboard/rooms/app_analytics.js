/** What the page of app_analytics shows: each panel asks one query of sql/app_analytics/dashboard. */

import { formatAmount, formatCountry, formatNumber, formatRatio, formatShare, formatWords } from "../js/format.js";

const ofTotals = (label, read, format = formatNumber) => ({ label, queries: ["totals"], format, read: ([totals]) => read(totals) });

export const tiles = [
  ofTotals("Customers", ({ customers, events }) => ({ value: customers, note: `${formatNumber(events)} events` })),
  ofTotals("Searches", ({ searches, customers }) => ({ value: searches, note: `${formatRatio(searches, customers)} a customer` })),
  ofTotals("Orders", ({ orders, buyers, customers }) => ({ value: orders, note: `${formatShare(buyers, customers)} of customers buy` })),
  ofTotals("Revenue", ({ revenue, buyers }) => ({ value: revenue, note: `${formatRatio(revenue, buyers)} a buyer` }), formatAmount),
  ofTotals("Average order", ({ revenue, orders }) => ({ value: orders > 0 ? revenue / orders : 0 }), formatAmount),
];

const none = "No events in this period.";

export const panels = [
  {
    query: "activity", kind: "time", by: "type", order: ["open", "search", "view", "add_to_cart", "checkout"], size: "wide", title: "Events over time", hint: "By what customers do, in the hour of arrival", empty: none,
    columns: [{ title: "Events", key: "events" }],
  },
  {
    query: "funnel", kind: "steps", title: "From search to checkout", hint: "Customers who took each step and all before it", empty: "Nobody searched in this period.",
    parts: ({ step, customers }) => ({ label: formatWords(step), value: customers }),
  },
  {
    query: "products", kind: "bars", size: "half", title: "Products", hint: "What brings in the money", empty: "Nothing was bought in this period.",
    columns: [
      { title: "Product", key: "product", format: formatWords },
      { title: "Revenue", key: "revenue", format: formatAmount },
      { title: "Orders", key: "orders" },
    ],
  },
  {
    query: "countries", kind: "bars", size: "half", title: "Countries", hint: "Where customers are", empty: none,
    columns: [
      { title: "Country", key: "country", format: formatCountry },
      { title: "Customers", key: "customers" },
      { title: "Revenue", key: "revenue", format: formatAmount },
    ],
  },
  {
    query: "origins", kind: "bars", size: "half", title: "Traffic origins", hint: "Which channels bring customers, and which sell", empty: none,
    columns: [
      { title: "Origin", key: "origin", format: formatWords },
      { title: "Customers", key: "customers" },
      { title: "Orders", key: "orders" },
    ],
  },
  {
    query: "genders", kind: "split", size: "half", title: "Gender", hint: "Who the customers are", empty: none,
    parts: ({ gender, customers, orders }) => ({ label: formatWords(gender), value: customers, note: `${formatNumber(orders)} orders` }),
  },
];
