-- stg_external__market_events: what happened on the market that touches customers' money?
--
-- One row per event_date, event_type and product_code.
{{ rows_until(source('external', 'market_events'), 'event_date') }}
