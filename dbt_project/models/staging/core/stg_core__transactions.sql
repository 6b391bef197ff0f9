-- stg_core__transactions: what moved on deposit accounts?
--
-- One row per txn_id.
{{ rows_until(source('core', 'transactions')) }}
