-- stg_core__customers: who are the bank's personal customers?
--
-- One row per customer_id, closed and deceased customers included.
{{ newest_snapshot(source('core', 'customers')) }}
