-- stg_channels__etc_contracts: whose motorway tolls are paid from an account here?
--
-- One row per customer_id, account_id and signed_on, cancelled contracts included.
{{ newest_snapshot(source('channels', 'etc_contracts')) }}
