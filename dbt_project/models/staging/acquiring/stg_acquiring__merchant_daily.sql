-- stg_acquiring__merchant_daily: what did a merchant take on a day?
--
-- One row per merchant_id and biz_date with at least one payment.
{{ rows_until(source('acquiring', 'merchant_daily')) }}
