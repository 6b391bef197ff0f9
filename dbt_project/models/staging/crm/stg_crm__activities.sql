-- stg_crm__activities: which events did or will a branch hold?
--
-- One row per activity_id.
{{ newest_snapshot(source('crm', 'activities')) }}
