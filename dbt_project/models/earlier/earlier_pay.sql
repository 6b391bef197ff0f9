-- earlier_pay: which credits of earlier days look like pay?
--
-- One row per account, employer and day; payroll_credits says what counts, and sums by customer.
select
    account_no,
    employer,
    paid_on,
    {{ money('amount') }} as amount,
    {{ as_of_column() }}
from (
    {{ pay_by_account('biz_date <= ' ~ earlier_to(), ref('earlier_accounts')) }}
) as pay
