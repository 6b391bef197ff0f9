-- loan_records: how was each loan repaid, and what of it is overdue now?
--
-- One row per loan. A window of 12 or 24 months is told where repayments are delivered for all of it, a month of slack
-- allowed, or since before the loan was paid out; else its columns are null. The contract carries no amount overdue: it is
-- what fell due since the oldest unpaid day, less what was paid since. A loan past its maturity, written off, or late
-- since before the repayments seen has been called due as a whole.
{% set windows = {12: 365, 24: 730} %}
with coverage as (
    select min(biz_date) as first_on
    from {{ ref('stg_lending__repayments') }}
),

loans as (
    select
        *,
        status in ('performing', 'overdue', 'npl') as is_running,
        {{ plus_days(as_of(), '-overdue_days') }} as unpaid_from
    from {{ ref('stg_lending__loans') }}
),

repaid as (
    select
        loans.loan_id,
        {%- for months, days in windows.items() %}
        {%- set inside = 'repayments.biz_date > ' ~ plus_days(as_of(), -days) %}
        sum(case when {{ inside }} and repayments.amount_due > 0 then 1 else 0 end) as due_{{ months }}m_count,
        sum(case when {{ inside }} and repayments.amount_due > 0 and repayments.days_late = 0
            and repayments.amount_paid >= repayments.amount_due then 1 else 0 end) as on_time_{{ months }}m_count,
        max(case when {{ inside }} then repayments.days_late end) as max_days_late_{{ months }}m,
        {%- endfor %}
        sum(case when repayments.biz_date > {{ plus_months(as_of(), -3) }} then repayments.amount_due else 0 end) as due_3m_amount,
        sum(case when repayments.biz_date >= loans.unpaid_from then repayments.amount_due - repayments.amount_paid else 0 end)
            as unpaid_amount
    from {{ ref('stg_lending__repayments') }} as repayments
    inner join loans on repayments.loan_id = loans.loan_id
    group by loans.loan_id
)

select
    loans.loan_id,
    loans.customer_id,
    loans.loan_type,
    loans.is_running,
    {%- for months, days in windows.items() %}
    {%- set ran = 'coalesce(loans.settled_on > ' ~ plus_days(as_of(), -days) ~ ', true)' %}
    {%- set seen = '(coverage.first_on <= ' ~ plus_days(as_of(), threshold('repayment_slack_days') - days) ~ ' or coverage.first_on <= loans.opened_on)' %}
    {{ ran }} as has_run_{{ months }}m,
    case when {{ ran }} and {{ seen }} then cast(coalesce(repaid.due_{{ months }}m_count, 0) as integer) end as due_{{ months }}m_count,
    case when {{ ran }} and {{ seen }} then cast(coalesce(repaid.on_time_{{ months }}m_count, 0) as integer) end as on_time_{{ months }}m_count,
    case when {{ ran }} and {{ seen }} then cast(greatest(
        coalesce(repaid.max_days_late_{{ months }}m, 0), case when loans.status = 'settled' then 0 else loans.overdue_days end
    ) as integer) end as max_days_late_{{ months }}m,
    {%- endfor %}
    case when coverage.first_on is not null then {{ money('coalesce(repaid.due_3m_amount, 0)') }} end as due_3m_amount,
    {{ money("case
        when loans.status = 'written_off' then loans.balance
        when not loans.is_running or loans.overdue_days < " ~ threshold('overdue_from_days') ~ " then 0
        when loans.matures_on <= " ~ as_of() ~ " or loans.unpaid_from < coverage.first_on then loans.balance
        when repaid.unpaid_amount > 0 then repaid.unpaid_amount
    end") }} as overdue_amount,
    {{ as_of_column() }}
from loans
cross join coverage
left join repaid on loans.loan_id = repaid.loan_id
