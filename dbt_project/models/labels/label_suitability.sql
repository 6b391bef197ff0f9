-- label_suitability: how risky a product may this customer be offered?
--
-- One row per customer. An assessment holds for twelve months; without one, nothing but deposits may be offered. From 65
-- on no high-risk product is offered, whatever the assessment says.
with customers as (
    select
        customer_id,
        cast(substr(risk_level, 2, 1) as integer) as risk_level,
        coalesce(
            risk_level is not null and risk_assessed_on > {{ plus_months(as_of(), '-' ~ threshold('risk_assessment_valid_months')) }}, false
        ) as is_valid
    from {{ ref('stg_core__customers') }}
),

known as (
    select count(risk_level) > 0 as assessments_are_delivered
    from customers
)

select
    customers.customer_id,
    customers.risk_level,
    case when known.assessments_are_delivered then customers.is_valid end as is_risk_assessment_valid,
    cast(case
        when not customers.is_valid then 0
        when profiles.age >= {{ threshold('protected_senior_age') }} then least(customers.risk_level, {{ threshold('protected_senior_max_risk') }})
        else customers.risk_level
    end as integer) as max_product_risk,
    profiles.age >= {{ threshold('protected_senior_age') }} as is_protected_senior,
    {{ as_of_column() }}
from customers
cross join known
inner join {{ ref('label_profile') }} as profiles on customers.customer_id = profiles.customer_id
