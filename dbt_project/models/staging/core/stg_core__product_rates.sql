-- stg_core__product_rates: which interest does a product pay from which day on?
--
-- One row per product_code, term_months and valid_from.
{{ newest_snapshot(source('core', 'product_rates')) }}
