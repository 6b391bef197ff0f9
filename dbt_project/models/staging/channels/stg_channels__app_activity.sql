-- stg_channels__app_activity: what did a customer do in the mobile bank on a day?
--
-- One row per customer_id and biz_date with at least one log-in.
{{ rows_until(source('channels', 'app_activity')) }}
