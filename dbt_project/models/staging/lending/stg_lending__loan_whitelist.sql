-- stg_lending__loan_whitelist: whom does a batch name as good for a loan?
--
-- One row per batch_id, product_code and person; the person may be no customer.
{{ newest_snapshot(source('lending', 'loan_whitelist')) }}
