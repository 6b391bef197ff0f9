-- payroll_credits: which credits look like pay?
--
-- One row per customer, employer and day of the last seven months. Pay is what the bank books as payroll, and transfers
-- whose counterparty or memo says so (patterns.csv), each within the range of a month's pay; reimbursements are none.
-- Seven months show whether a series is new: four that make it, three quiet ones before.
with pay as (
    select * from (
        {{ pay_by_account('biz_date > ' ~ earlier_to(), ref('deposit_accounts')) }}
    ) as later
    union all
    select account_no, employer, paid_on, amount from {{ ref('earlier_pay') }}
)

select
    accounts.customer_id,
    pay.employer,
    pay.paid_on,
    {{ money('sum(pay.amount)') }} as amount,
    {{ as_of_column() }}
from pay
inner join {{ ref('deposit_accounts') }} as accounts on pay.account_no = accounts.account_no
group by accounts.customer_id, pay.employer, pay.paid_on
