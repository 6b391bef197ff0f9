-- stg_crm__corporates: which corporate customers does the bank have?
--
-- One row per corporate_id.
{{ newest_snapshot(source('crm', 'corporates')) }}
