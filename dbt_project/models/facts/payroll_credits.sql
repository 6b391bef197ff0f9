-- payroll_credits: which credits look like pay?
--
-- One row per customer, employer and day of the last seven months. Pay is what the bank books as payroll, and transfers
-- whose counterparty or memo says so (patterns.csv), each within the range of a month's pay; reimbursements are none.
-- Seven months show whether a series is new: four that make it, three quiet ones before.
with credits as (
    select
        account_id,
        biz_date,
        amount,
        txn_type,
        counterparty_name,
        counterparty_account,
        memo
    from {{ ref('stg_core__transactions') }}
    where direction = 'in'
        and txn_type in ('payroll', 'transfer')
        and biz_date > {{ plus_months(as_of(), -7) }}
        and amount >= {{ threshold('payroll_min_amount') }}
        and amount <= {{ threshold('payroll_max_amount') }}
        and not coalesce(is_own_name, false)
),

-- the patterns are looked for in the different texts, not in every row
texts as (
    select counterparty_name as words from credits
    union
    select memo as words from credits
),

meanings as (
    select
        texts.words,
        bool_or(patterns.kind = 'payroll') as says_payroll,
        bool_or(patterns.kind = 'reimbursement') as says_reimbursement
    from texts
    inner join {{ ref('patterns') }} as patterns
        on patterns.kind in ('payroll', 'reimbursement')
        and lower(texts.words) like concat('%', lower(patterns.pattern), '%')
    group by texts.words
)

select
    accounts.customer_id,
    coalesce(credits.counterparty_name, credits.counterparty_account, '') as employer,
    credits.biz_date as paid_on,
    {{ money('sum(credits.amount)') }} as amount,
    {{ as_of_column() }}
from credits
inner join {{ ref('stg_core__accounts') }} as accounts on credits.account_id = accounts.account_id
left join meanings as names on credits.counterparty_name = names.words
left join meanings as memos on credits.memo = memos.words
where (credits.txn_type = 'payroll' or names.says_payroll or memos.says_payroll)
    and not coalesce(names.says_reimbursement, false)
    and not coalesce(memos.says_reimbursement, false)
group by accounts.customer_id, coalesce(credits.counterparty_name, credits.counterparty_account, ''), credits.biz_date
