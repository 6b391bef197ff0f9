-- stg_lending__loans: which loans were drawn, and how do they stand?
--
-- One row per loan_id, settled and written-off loans included.
{{ newest_snapshot(source('lending', 'loans')) }}
