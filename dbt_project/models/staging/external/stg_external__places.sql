-- stg_external__places: which markets, communities, schools and other places can a branch work?
--
-- One row per place_id.
{{ newest_snapshot(source('external', 'places')) }}
