-- stg_core__branches: which units make up the bank's branch tree?
--
-- One row per branch_id, closed units included.
{{ newest_snapshot(source('core', 'branches')) }}
