-- stg_channels__wecom: who is whose WeCom friend?
--
-- One row per manager_id, customer_id or prospect_id, and added_on; deleted friendships included.
{{ newest_snapshot(source('channels', 'wecom')) }}
