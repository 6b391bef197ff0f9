-- earlier_pensions: which pensions came on earlier days, and what was drawn of them by the end of those?
--
-- One row per account and day; pension_credits, which says what counts, adds what is drawn on the day.
{{ pensions_by_account('biz_date <= ' ~ earlier_to(), ref('earlier_accounts')) }},

drawn as (
    {{ drawn_of_pensions('pensions', 'biz_date <= ' ~ earlier_to(), ref('earlier_accounts')) }}
)

select
    pensions.account_no,
    pensions.paid_on,
    pensions.amount,
    {{ money('coalesce(drawn.drawn_amount, 0)') }} as drawn_amount,
    {{ as_of_column() }}
from pensions
left join drawn on pensions.account_no = drawn.account_no and pensions.paid_on = drawn.paid_on
