-- label_elsewhere: what does this customer owe, and hold, elsewhere?
--
-- One row per customer. Lenders on the internet are told by their names (patterns.csv); a single payment may be made for
-- a friend, two are the customer's own habit. A loan of another bank is an instalment that comes round each month:
-- surely one when the bank or its text says so, probably when the same sum goes to the own name elsewhere. Credit for
-- shopping is a flag of its own. What is held elsewhere is never seen, so the estimate stays at the low end: what was
-- sent to a bank and has not come back, or else a month of what usually comes from there.
with customers as (
    select
        customers.customer_id,
        {{ days_between(as_of(), 'greatest(customers.opened_on, coverage.transactions_from)') }} + 1 as history_days,
        coverage.has_counterparty_bank and coverage.has_own_name as has_own_name_elsewhere,
        {{ delivered('(select txn_id from ' ~ ref('recognised_payments') ~ ') as payments') }} as has_texts
    from {{ ref('stg_core__customers') }} as customers
    cross join {{ ref('data_coverage') }} as coverage
),

lenders as (
    select
        customer_id,
        counterparty as lender,
        sum(case when direction = 'out' then amount else 0 end) as repaid_amount
    from {{ ref('recognised_payments') }}
    where kind = 'internet_lender' and biz_date > {{ plus_days(as_of(), -90) }}
    group by customer_id, counterparty
    having sum(case when direction = 'out' then 1 else 0 end) >= {{ threshold('internet_loan_repayments') }}
        or sum(case when direction = 'in' then 1 else 0 end) >= 1
),

internet_loans as (
    select
        customer_id,
        {{ ordered_text('lender') }} as lenders,
        count(*) as lender_count,
        sum(repaid_amount) as repaid_amount
    from lenders
    group by customer_id
),

shoppers as (
    select distinct customer_id
    from {{ ref('recognised_payments') }}
    where kind = 'shopping_credit' and direction = 'out' and biz_date > {{ plus_days(as_of(), -90) }}
),

instalments as (
    select
        customer_id,
        biz_date,
        amount,
        'high' as confidence,
        coalesce(counterparty_bank, counterparty, '') as bank,
        concat('high|', coalesce(counterparty_bank, ''), '|', coalesce(counterparty, '')) as counterparty
    from {{ ref('recognised_payments') }}
    where kind = 'other_loan' and direction = 'out'
        and biz_date > {{ plus_months(as_of(), -4) }}
        and amount >= {{ threshold('other_bank_loan_min_amount') }}
    union all
    select
        customer_id,
        biz_date,
        amount,
        'medium' as confidence,
        counterparty_bank as bank,
        concat('medium|', counterparty_bank) as counterparty
    from {{ ref('own_name_transfers') }}
    where direction = 'out'
        and biz_date > {{ plus_months(as_of(), -4) }}
        and amount >= {{ threshold('other_bank_loan_min_amount') }}
),

series as (
    {{ monthly_series('instalments', threshold('other_bank_loan_day_spread') | int, 1 - threshold('other_bank_loan_amount_spread'),
        1 + threshold('other_bank_loan_amount_spread'), threshold('other_bank_loan_months')) }}
),

other_bank_loans as (
    select
        series.customer_id,
        series.months_seen,
        series.median_amount,
        payees.confidence,
        payees.bank
    from series
    inner join (select distinct counterparty, confidence, bank from instalments) as payees
        on series.counterparty = payees.counterparty
    -- high comes before medium
    qualify row_number() over (
        partition by series.customer_id
        order by payees.confidence nulls last, series.months_seen desc nulls last, series.median_amount desc nulls last,
            series.counterparty nulls last
    ) = 1
),

bank_months as (
    select
        customer_id,
        counterparty_bank,
        last_day(biz_date) as month_end,
        sum(case when direction = 'out' then amount else -amount end) as net_sent_amount,
        sum(case when direction = 'in' then amount else 0 end) as received_amount
    from {{ ref('own_name_transfers') }}
    group by customer_id, counterparty_bank, last_day(biz_date)
),

banks as (
    select
        customer_id,
        greatest(
            0,
            sum(net_sent_amount),
            coalesce({{ median_amount('case when received_amount > 0 then received_amount end') }}, 0)
        ) as held_amount
    from bank_months
    group by customer_id, counterparty_bank
    having count(*) >= {{ threshold('outside_funds_months') }}
),

outside_funds as (
    select customer_id, sum(held_amount) as held_amount
    from banks
    group by customer_id
),

judged as (
    select
        customers.customer_id,
        customers.history_days >= 180 and customers.has_own_name_elsewhere as knows_outside_funds,
        case
            when internet_loans.customer_id is not null then true
            when customers.history_days >= 90 and customers.has_texts then false
        end as has_internet_loan,
        internet_loans.lenders,
        internet_loans.lender_count,
        internet_loans.repaid_amount,
        case
            when shoppers.customer_id is not null then true
            when customers.history_days >= 90 and customers.has_texts then false
        end as has_shopping_credit,
        case
            when other_bank_loans.customer_id is not null then true
            when customers.history_days >= 120 and customers.has_own_name_elsewhere then false
        end as has_other_bank_loan,
        nullif(other_bank_loans.bank, '') as other_bank_loan_bank,
        other_bank_loans.median_amount,
        other_bank_loans.months_seen,
        other_bank_loans.confidence,
        outside_funds.held_amount
    from customers
    left join internet_loans on customers.customer_id = internet_loans.customer_id
    left join shoppers on customers.customer_id = shoppers.customer_id
    left join other_bank_loans on customers.customer_id = other_bank_loans.customer_id
    left join outside_funds on customers.customer_id = outside_funds.customer_id
)

select
    customer_id,
    has_internet_loan,
    lenders as internet_lenders,
    case when has_internet_loan is not null then cast(coalesce(lender_count, 0) as integer) end as internet_loan_count,
    case when has_internet_loan is not null then {{ money('coalesce(repaid_amount, 0)') }} end as internet_loan_90d_amount,
    has_shopping_credit,
    has_other_bank_loan,
    other_bank_loan_bank,
    {{ money('median_amount') }} as other_bank_loan_monthly_amount,
    case when has_other_bank_loan is not null then cast(coalesce(months_seen, 0) as integer) end as other_bank_loan_months_seen,
    confidence as other_bank_loan_confidence,
    case when held_amount is not null or knows_outside_funds then {{ money('coalesce(held_amount, 0)') }} end as outside_funds_estimate_amount,
    {{ as_of_column() }}
from judged
