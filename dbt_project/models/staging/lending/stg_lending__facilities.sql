-- stg_lending__facilities: which credit limits are granted?
--
-- One row per facility_id, drawn or not.
{{ newest_snapshot(source('lending', 'facilities')) }}
