-- stg_core__products: what does the bank sell?
--
-- One row per product_code, on sale or not.
{{ newest_snapshot(source('core', 'products')) }}
