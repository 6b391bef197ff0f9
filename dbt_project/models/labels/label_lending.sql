-- label_lending: what does this customer borrow here, how is it repaid, and is anything overdue?
--
-- One row per customer. A written-off loan is no running loan and no settled one, but stays bad debt for ever. Overdue counts
-- cards too: the rule that keeps debtors off the marketing lists means any debt. An unused limit (授信未用信) is one of which
-- nothing is drawn: the customer was found good for it and has not come. Unknown where neither loans nor cards are delivered.
{% set loan_types = ['mortgage', 'consumer', 'business', 'online', 'student', 'auto'] %}
with loans as (
    select
        *,
        status in ('performing', 'overdue', 'npl') as is_running,
        status = 'settled' and settled_on <= {{ as_of() }} as is_settled
    from {{ ref('stg_lending__loans') }}
),

borrowers as (
    select
        customer_id,
        max(case when is_running then 1 else 0 end) as has_loan,
        max(case when status = 'performing' then 1 else 0 end) as has_performing_loan,
        sum(case when is_running then balance else 0 end) as loan_balance,
        {%- for type in loan_types %}
        max(case when is_running and loan_type = '{{ type }}' then 1 else 0 end) as has_{{ type }},
        sum(case when is_running and loan_type = '{{ type }}' then balance else 0 end) as {{ type }}_balance,
        {%- endfor %}
        max(case when status in ('npl', 'written_off') then 1 else 0 end) as has_bad_debt,
        max(case when is_running then overdue_days else 0 end) as overdue_days,
        max(case when opened_on <= {{ as_of() }} then opened_on end) as newest_opened_on,
        min(case when is_running then greatest(matures_on, {{ as_of() }}) end) as next_matures_on,
        max(case when is_settled then settled_on end) as last_settled_on,
        min(case when is_running and loan_type = 'mortgage' then opened_on end) as mortgage_opened_on,
        max(case when status <> 'written_off' and loan_type = 'student' then graduates_on end) as graduates_on
    from loans
    group by customer_id
),

last_settled as (
    select customer_id, settlement_kind
    from loans
    where is_settled
    qualify row_number() over (partition by customer_id order by settled_on desc nulls last, loan_id desc nulls last) = 1
),

records as (
    select
        customer_id,
        {%- for months in [12, 24] %}
        sum(due_{{ months }}m_count) as due_{{ months }}m_count,
        sum(on_time_{{ months }}m_count) as on_time_{{ months }}m_count,
        max(max_days_late_{{ months }}m) as max_days_late_{{ months }}m,
        max(case when has_run_{{ months }}m and due_{{ months }}m_count is null then 1 else 0 end) as is_unseen_{{ months }}m{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('loan_records') }}
    group by customer_id
),

drawings as (
    select
        facility_id,
        sum(principal) as drawn_amount,
        max(settled_on) as last_settled_on
    from loans
    where facility_id is not null
    group by facility_id
),

limits as (
    select
        facilities.customer_id,
        facilities.approved_limit,
        facilities.used_amount,
        case
            when facilities.used_amount > 0 then 0
            when facilities.is_revolving then facilities.approved_limit
            else greatest(0, facilities.approved_limit - coalesce(drawings.drawn_amount, 0))
        end as unused_amount,
        greatest(facilities.granted_on, coalesce(drawings.last_settled_on, facilities.granted_on)) as unused_from
    from {{ ref('stg_lending__facilities') }} as facilities
    left join drawings on facilities.facility_id = drawings.facility_id
    where facilities.status = 'active' and facilities.granted_on <= {{ as_of() }} and facilities.expires_on >= {{ as_of() }}
),

limits_held as (
    select
        customer_id,
        sum(approved_limit) as limit_amount,
        sum(used_amount) as used_amount,
        sum(unused_amount) as unused_amount,
        min(case when unused_amount > 0 then unused_from end) as unused_from
    from limits
    group by customer_id
),

cards as (
    select customer_id, max(overdue_days) as overdue_days
    from {{ ref('stg_cards__credit_cards') }}
    group by customer_id
),

delivered as (
    select
        {{ delivered(ref('stg_lending__loans')) }} as knows_loans,
        {{ delivered(ref('stg_lending__facilities')) }} as knows_limits,
        {{ delivered(ref('stg_cards__credit_cards')) }} as knows_cards,
        (select count(facility_id) > 0 from loans) as knows_drawings
),

known as (
    select
        customers.customer_id,
        borrowers.has_loan,
        borrowers.has_performing_loan,
        borrowers.loan_balance,
        {%- for type in loan_types %}
        borrowers.has_{{ type }},
        borrowers.{{ type }}_balance,
        {%- endfor %}
        borrowers.has_bad_debt,
        borrowers.newest_opened_on,
        borrowers.next_matures_on,
        borrowers.last_settled_on,
        borrowers.mortgage_opened_on,
        borrowers.graduates_on,
        last_settled.settlement_kind,
        {%- for months in [12, 24] %}
        records.due_{{ months }}m_count,
        records.on_time_{{ months }}m_count,
        records.max_days_late_{{ months }}m,
        records.is_unseen_{{ months }}m,
        {%- endfor %}
        limits_held.limit_amount,
        limits_held.used_amount,
        limits_held.unused_amount,
        limits_held.unused_from,
        greatest(coalesce(borrowers.overdue_days, 0), coalesce(cards.overdue_days, 0)) as overdue_days,
        delivered.knows_loans,
        delivered.knows_limits,
        delivered.knows_cards,
        delivered.knows_drawings
    from {{ ref('stg_core__customers') }} as customers
    cross join delivered
    left join borrowers on customers.customer_id = borrowers.customer_id
    left join last_settled on customers.customer_id = last_settled.customer_id
    left join records on customers.customer_id = records.customer_id
    left join limits_held on customers.customer_id = limits_held.customer_id
    left join cards on customers.customer_id = cards.customer_id
)

select
    customer_id,
    case when knows_loans then coalesce(has_loan, 0) = 1 end as has_loan,
    case when knows_loans then coalesce(has_performing_loan, 0) = 1 end as has_performing_loan,
    case when knows_loans then {{ money('coalesce(loan_balance, 0)') }} end as loan_balance,
    {%- for type in loan_types %}
    {%- set loan = type if type == 'mortgage' else type ~ '_loan' %}
    case when knows_loans then coalesce(has_{{ type }}, 0) = 1 end as has_{{ loan }},
    case when knows_loans then {{ money('coalesce(' ~ type ~ '_balance, 0)') }} end as {{ loan }}_balance,
    {%- endfor %}
    {{ full_months_between(as_of(), 'newest_opened_on') }} as months_since_loan_opened,
    {{ full_months_between('next_matures_on', as_of()) }} as months_to_loan_maturity,
    {{ full_months_between(as_of(), 'last_settled_on') }} as months_since_loan_settled,
    settlement_kind as last_settlement_kind,
    {{ full_months_between(as_of(), 'mortgage_opened_on') }} as mortgage_months,
    graduates_on as student_graduates_on,
    {%- for months in [12, 24] %}
    case when is_unseen_{{ months }}m = 0 then {{ rate('on_time_' ~ months ~ 'm_count', 'due_' ~ months ~ 'm_count') }} end as on_time_rate_{{ months }}m,
    case when is_unseen_{{ months }}m = 0 then cast(max_days_late_{{ months }}m as integer) end as max_days_late_{{ months }}m,
    {%- endfor %}
    case when knows_limits then {{ money('coalesce(limit_amount, 0)') }} end as facility_limit_amount,
    case when knows_limits then {{ money('coalesce(used_amount, 0)') }} end as facility_used_amount,
    {{ rate('used_amount', 'limit_amount') }} as facility_utilisation_rate,
    case when knows_limits then coalesce(unused_amount, 0) > 0 end as has_unused_limit,
    case when knows_limits then {{ money('coalesce(unused_amount, 0)') }} end as unused_limit_amount,
    case when knows_drawings then {{ days_between(as_of(), 'unused_from') }} end as unused_limit_days,
    case when knows_loans or knows_cards then overdue_days >= {{ threshold('overdue_from_days') }} end as is_overdue,
    case when knows_loans then coalesce(has_bad_debt, 0) = 1 when knows_cards then false end as is_npl,
    case when knows_loans or knows_cards then cast(overdue_days as integer) end as max_overdue_days,
    {{ as_of_column() }}
from known
