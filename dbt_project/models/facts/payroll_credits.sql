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
        coalesce(counterparty_name, counterparty_account, '') as employer,
        lower(concat(coalesce(counterparty_name, ''), ' ', coalesce(memo, ''))) as words
    from {{ ref('stg_core__transactions') }}
    where direction = 'in'
        and txn_type in ('payroll', 'transfer')
        and biz_date > {{ plus_months(as_of(), -7) }}
        and amount >= {{ threshold('payroll_min_amount') }}
        and amount <= {{ threshold('payroll_max_amount') }}
        and not coalesce(is_own_name, false)
),

-- the patterns are looked for in the different texts, not in every row
meanings as (
    select
        texts.words,
        max(case when patterns.kind = 'payroll' then 1 else 0 end) as says_payroll,
        max(case when patterns.kind = 'reimbursement' then 1 else 0 end) as says_reimbursement
    from (select distinct words from credits) as texts
    inner join {{ ref('patterns') }} as patterns
        on patterns.kind in ('payroll', 'reimbursement')
        and texts.words like concat('%', lower(patterns.pattern), '%')
    group by texts.words
)

select
    accounts.customer_id,
    credits.employer,
    credits.biz_date as paid_on,
    {{ money('sum(credits.amount)') }} as amount,
    {{ as_of_column() }}
from credits
inner join {{ ref('stg_core__accounts') }} as accounts on credits.account_id = accounts.account_id
left join meanings on credits.words = meanings.words
where (credits.txn_type = 'payroll' or meanings.says_payroll = 1)
    and coalesce(meanings.says_reimbursement, 0) = 0
group by accounts.customer_id, credits.employer, credits.biz_date
