-- stg_core__product_signups: who signed up for which service?
--
-- One row per customer_id, product_code and signed_on, cancelled sign-ups included.
{{ newest_snapshot(source('core', 'product_signups')) }}
