-- stg_core__account_balances: what was an account's balance at the end of a day?
--
-- One row per account_id and biz_date: the days of a change, and each month's last day.
{{ rows_until(source('core', 'account_balances')) }}
