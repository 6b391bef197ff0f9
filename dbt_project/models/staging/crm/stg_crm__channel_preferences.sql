-- stg_crm__channel_preferences: which channels did a customer refuse?
--
-- One row per customer_id and channel.
{{ newest_snapshot(source('crm', 'channel_preferences')) }}
