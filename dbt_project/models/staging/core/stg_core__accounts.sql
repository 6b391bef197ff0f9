-- stg_core__accounts: which deposit accounts do customers have?
--
-- One row per account_id, closed accounts included.
{{ newest_snapshot(source('core', 'accounts')) }}
