-- report_loan_churn 贷款流失: of the loans settled each year, whose borrowers came back, and where did the others go?
--
-- One row per branch, year of settlement, kind of loan, outcome and lender. Every settled loan has one outcome, the first
-- that holds: returned (the borrower opened another loan here on the day of settlement or later), kept (another loan here
-- still ran on that day), elsewhere (paid another lender after it, of what the last 180 days show), not_seen. A lender is
-- named from loan_churn_lender_from customers on: a name seen with fewer might be a person's.
with loans as (
    select
        loans.loan_id,
        loans.customer_id,
        units.told_at as branch_id,
        loans.loan_type,
        loans.principal,
        loans.status,
        loans.opened_on,
        loans.settled_on
    from {{ ref('stg_lending__loans') }} as loans
    inner join {{ units() }} as units on loans.branch_id = units.branch_id
    where loans.opened_on <= {{ as_of() }}
),

settled as (
    select *
    from loans
    where status = 'settled' and settled_on <= {{ as_of() }}
),

other_loans as (
    select
        settled.loan_id,
        min(case when others.opened_on >= settled.settled_on then others.opened_on end) as returned_on,
        max(case when coalesce(others.settled_on, {{ as_of() }}) > settled.settled_on then 1 else 0 end) as ran_on
    from settled
    inner join loans as others on settled.customer_id = others.customer_id and settled.loan_id <> others.loan_id
    group by settled.loan_id
),

-- personal names stand in no report: of a bank's repayment the bank, of a lender on the internet its name
payments as (
    select
        customer_id,
        biz_date,
        amount,
        coalesce(case when kind = 'other_loan' then counterparty_bank else counterparty end, 'other') as lender
    from {{ ref('recognised_payments') }}
    where direction = 'out' and kind in ('internet_lender', 'other_loan')
),

lenders as (
    select lender
    from payments
    group by lender
    having count(distinct customer_id) >= {{ threshold('loan_churn_lender_from') }}
),

outflows as (
    select
        settled.loan_id,
        coalesce(lenders.lender, 'other') as lender,
        sum(payments.amount) as amount
    from settled
    inner join payments on settled.customer_id = payments.customer_id and settled.settled_on < payments.biz_date
    left join lenders on payments.lender = lenders.lender
    group by settled.loan_id, coalesce(lenders.lender, 'other')
),

main_lenders as (
    select
        loan_id,
        lender,
        sum(amount) over (partition by loan_id) as outflow_amount
    from outflows
    qualify row_number() over (partition by loan_id order by amount desc nulls last, lender nulls last) = 1
),

outcomes as (
    select
        settled.*,
        case
            when other_loans.returned_on is not null then 'returned'
            when other_loans.ran_on = 1 then 'kept'
            when main_lenders.loan_id is not null then 'elsewhere'
            else 'not_seen'
        end as outcome,
        main_lenders.lender,
        main_lenders.outflow_amount as amount,
        other_loans.returned_on <= {{ plus_months('settled.settled_on', 12) }} as is_back_in_a_year
    from settled
    left join other_loans on settled.loan_id = other_loans.loan_id
    left join main_lenders on settled.loan_id = main_lenders.loan_id
)

select
    branch_id,
    cast(extract(year from settled_on) as integer) as settled_year,
    loan_type,
    outcome,
    case when outcome = 'elsewhere' then lender end as lender,
    cast(count(*) as integer) as loan_count,
    cast(count(distinct customer_id) as integer) as customer_count,
    {{ money('sum(principal)') }} as principal_amount,
    cast(sum(case when outcome = 'returned' then 1 else 0 end) as integer) as returned_count,
    cast(sum(case when is_back_in_a_year then 1 else 0 end) as integer) as returned_12m_count,
    cast(sum(case when outcome = 'elsewhere' then 1 else 0 end) as integer) as elsewhere_count,
    {{ money("sum(case when outcome = 'elsewhere' then amount else 0 end)") }} as elsewhere_180d_amount,
    {{ as_of_column() }}
from outcomes
group by branch_id, cast(extract(year from settled_on) as integer), loan_type, outcome, case when outcome = 'elsewhere' then lender end
