-- stg_core__managers: who serves customers, where and in which role?
--
-- One row per manager_id, leavers included.
{{ newest_snapshot(source('core', 'managers')) }}
