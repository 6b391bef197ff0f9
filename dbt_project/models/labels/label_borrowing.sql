-- label_borrowing: what has this customer drawn, settled and paid back of late?
--
-- One row per customer. Judges the lists about loans afterwards: a loan counts that was drawn, was of a size, and still
-- stands after a month; a payment on bad debt counts when the customer made it, not when the bank took it. Student loans
-- are left out: the school's calendar draws them.
with loans as (
    select *
    from {{ ref('stg_lending__loans') }}
    where opened_on <= {{ as_of() }}
),

drawn as (
    select
        customer_id,
        sum(principal) as drawn_amount,
        sum(case when status in ('performing', 'overdue', 'npl') then balance else 0 end) as balance,
        min(opened_on) as first_opened_on
    from loans
    where opened_on > {{ plus_days(as_of(), -90) }} and loan_type <> 'student'
    group by customer_id
),

last_settled as (
    select customer_id, principal
    from loans
    where status = 'settled' and settled_on <= {{ as_of() }}
    qualify row_number() over (partition by customer_id order by settled_on desc nulls last, loan_id desc nulls last) = 1
),

paid as (
    select loans.customer_id, sum(repayments.amount_paid) as amount
    from {{ ref('stg_lending__repayments') }} as repayments
    inner join loans on repayments.loan_id = loans.loan_id
    where repayments.biz_date > {{ plus_days(as_of(), -30) }}
    group by loans.customer_id
),

-- set off by the bank: taken from the account without the customer's doing
taken as (
    select accounts.customer_id, sum(transactions.amount) as amount
    from {{ ref('stg_core__transactions') }} as transactions
    inner join {{ ref('stg_core__accounts') }} as accounts on transactions.account_id = accounts.account_id
    where transactions.biz_date > {{ plus_days(as_of(), -30) }} and transactions.biz_date <= {{ as_of() }}
        and transactions.txn_type = 'loan_repayment' and transactions.direction = 'out'
        and not transactions.is_customer_initiated
    group by accounts.customer_id
),

delivered as (
    select
        {{ delivered(ref('stg_lending__loans')) }} as knows_loans,
        {{ delivered(ref('stg_lending__repayments')) }} as knows_repayments
)

select
    customers.customer_id,
    case when delivered.knows_loans then {{ money('coalesce(drawn.drawn_amount, 0)') }} end as loan_drawn_90d_amount,
    case when delivered.knows_loans then {{ money('coalesce(drawn.balance, 0)') }} end as loan_drawn_90d_balance,
    {{ days_between(as_of(), 'drawn.first_opened_on') }} as loan_drawn_90d_days,
    {{ money('last_settled.principal') }} as last_settled_amount,
    case when delivered.knows_loans and delivered.knows_repayments
        then {{ money('greatest(coalesce(paid.amount, 0) - coalesce(taken.amount, 0), 0)') }}
    end as loan_repaid_30d_amount,
    {{ as_of_column() }}
from {{ ref('stg_core__customers') }} as customers
cross join delivered
left join drawn on customers.customer_id = drawn.customer_id
left join last_settled on customers.customer_id = last_settled.customer_id
left join paid on customers.customer_id = paid.customer_id
left join taken on customers.customer_id = taken.customer_id
