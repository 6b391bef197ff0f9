-- earlier_flows: which money may have come from outside in a month of the earlier days, or gone there?
--
-- One row per account, calendar month, whether it was surely outside, and the other side's account where only that can
-- tell ('' elsewhere): whose the accounts are is known on the business date. The months and sums are those of
-- customer_month_flows.
{% set amounts = month_flow_amounts() %}
with candidates as (
    {{ outside_candidates(['account_id', 'biz_date', 'direction', 'amount', is_asked_flow() ~ ' as is_asked']) }}
        and biz_date > cast('{{ month_ends(8)[7] }}' as date)
        and biz_date <= {{ earlier_to() }}
)

select
    accounts.account_no,
    last_day(candidates.biz_date) as month_end,
    candidates.is_surely_outside,
    case when candidates.is_asked then candidates.counterparty_account else '' end as counterparty_account,
    {% for name, condition in amounts.items() -%}
    {{ money('sum(case when ' ~ condition ~ ' then amount else 0 end)') }} as {{ name }},
    {% endfor -%}
    {{ as_of_column() }}
from candidates
inner join {{ ref('earlier_accounts') }} as accounts on candidates.account_id = accounts.account_id
group by
    accounts.account_no,
    last_day(candidates.biz_date),
    candidates.is_surely_outside,
    case when candidates.is_asked then candidates.counterparty_account else '' end
