-- stg_lending__repayments: what fell due or was paid on a loan?
--
-- One row per loan_id and biz_date.
{{ rows_until(source('lending', 'repayments')) }}
