-- stg_lending__bureau_summaries: what does the credit bureau say of a customer?
--
-- One row per customer_id. Usable only while the authorisation runs, and for the purposes it names.
{{ newest_snapshot(source('lending', 'bureau_summaries')) }}
