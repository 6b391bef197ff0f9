-- stg_crm__targets: what is a branch to reach in a period?
--
-- One row per branch_id, period and metric.
{{ newest_snapshot(source('crm', 'targets')) }}
