-- stg_external__villages: which villages lie in the bank's area, and who works them?
--
-- One row per village_code.
{{ newest_snapshot(source('external', 'villages')) }}
