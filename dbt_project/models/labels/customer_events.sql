-- customer_events: what has happened to each customer in the last 30 days?
--
-- One row per customer, event_code, event_on and detail; what else happened on the same day is summed or told by detail.
-- Thirty days reach back further after a long holiday (recent_since). Three origins, a model each: the customer's own
-- doing, the products held, the market.
select customer_id, event_code, event_on, amount, detail, {{ as_of_column() }} from {{ ref('events_customer') }}
union all
select customer_id, event_code, event_on, amount, detail, {{ as_of_column() }} from {{ ref('events_product') }}
union all
select customer_id, event_code, event_on, amount, detail, {{ as_of_column() }} from {{ ref('events_market') }}
