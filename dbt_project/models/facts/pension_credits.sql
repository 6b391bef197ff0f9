-- pension_credits: which pensions came in the last four months, and what was drawn of each within 72 hours?
--
-- One row per account and day of a pension. Drawn is cash, and what is sent to another bank or by a third party; it may be
-- more than the pension.
{{ pensions_by_account('biz_date > ' ~ earlier_to(), ref('deposit_accounts')) }},

credits as (
    select account_no, paid_on, amount, cast(0 as decimal(18, 2)) as drawn_amount
    from pensions
    union all
    select account_no, paid_on, amount, drawn_amount
    from {{ ref('earlier_pensions') }}
),

drawn as (
    {{ drawn_of_pensions('credits', 'biz_date > ' ~ earlier_to(), ref('deposit_accounts')) }}
)

select
    accounts.customer_id,
    accounts.account_id,
    credits.paid_on,
    credits.amount,
    {{ money('credits.drawn_amount + coalesce(drawn.drawn_amount, 0)') }} as drawn_amount,
    {{ as_of_column() }}
from credits
inner join {{ ref('deposit_accounts') }} as accounts on credits.account_no = accounts.account_no
left join drawn on credits.account_no = drawn.account_no and credits.paid_on = drawn.paid_on
