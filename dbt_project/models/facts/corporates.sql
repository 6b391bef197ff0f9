-- corporates: which companies bank here, and whom of our customers do they pay?
--
-- One row per corporate. A customer is paid by a corporate when their pay of the last 90 days (payroll_credits) names it,
-- by its name or by one of the first five names it is known to pay under. payroll_headcount is how many it pays through this bank; whom it
-- pays beyond that, it pays through another one. Names stay in the source.
with paid as (
    select
        employer,
        count(distinct customer_id) as customer_count,
        sum(amount) as amount
    from {{ ref('payroll_credits') }}
    where paid_on > {{ plus_days(as_of(), -90) }}
    group by employer
),

known_as as (
    select corporate_id, corporate_name as employer
    from {{ ref('stg_crm__corporates') }}
    {%- for place in range(1, 6) %}
    union
    select corporate_id, split_part(payroll_name_patterns, '|', {{ place }}) as employer
    from {{ ref('stg_crm__corporates') }}
    where split_part(payroll_name_patterns, '|', {{ place }}) <> ''
    {%- endfor %}
),

payers as (
    select known_as.corporate_id, sum(paid.customer_count) as customer_count, sum(paid.amount) as amount
    from known_as
    inner join paid on known_as.employer = paid.employer
    group by known_as.corporate_id
)

select
    corporates.corporate_id,
    corporates.branch_id,
    corporates.manager_id,
    corporates.industry,
    corporates.opened_on,
    corporates.balance,
    corporates.avg_balance_year,
    corporates.legal_rep_customer_id,
    corporates.payroll_headcount,
    cast(coalesce(payers.customer_count, 0) as integer) as paid_customer_count,
    cast(greatest(0, coalesce(payers.customer_count, 0) - corporates.payroll_headcount) as integer) as paid_elsewhere_count,
    {{ money('coalesce(payers.amount, 0) / 3') }} as paid_monthly_amount,
    {{ as_of_column() }}
from {{ ref('stg_crm__corporates') }} as corporates
left join payers on corporates.corporate_id = payers.corporate_id
