-- earlier_means: by which means may money have been paid on earlier days?
--
-- One row per account, whether it surely went outside, and the other side's account where only that can tell ('' elsewhere).
-- What had been reversed by then is left out; payment_means, which says what counts, takes off what the day reverses.
with candidates as (
    {{ paid_candidates() }}
        and biz_date <= {{ earlier_to() }}
)

select
    accounts.account_no,
    candidates.is_surely_outside,
    case when candidates.is_asked then candidates.counterparty_account else '' end as counterparty_account,
    {% for name, condition in payment_mean_amounts().items() -%}
    {{ money('sum(case when ' ~ condition ~ ' then candidates.amount else 0 end)') }} as {{ name }},
    {% endfor -%}
    {{ as_of_column() }}
from candidates
inner join {{ ref('earlier_accounts') }} as accounts on candidates.account_id = accounts.account_id
anti join {{ ref('earlier_reversals') }} as reversed on candidates.txn_id = reversed.txn_id
group by
    accounts.account_no,
    candidates.is_surely_outside,
    case when candidates.is_asked then candidates.counterparty_account else '' end
