-- stg_external__business_registry: which businesses are registered in the bank's area?
--
-- One row per registration_no.
{{ newest_snapshot(source('external', 'business_registry')) }}
