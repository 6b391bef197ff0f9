-- contact_pressure: how often was each customer spoken to lately, by anyone?
--
-- One row per customer with any contact recorded by the business date in the last 90 days, the bank's own outcomes
-- and all other systems' together. Reached and attempted are told apart.
with contacts as (
    select customer_id, cast(contacted_at as date) as contacted_on, outcome
    from {{ ref('stg_crm__contacts') }}
    where cast(recorded_at as date) <= {{ as_of() }}
    union all
    select customer_id, cast(contacted_at as date) as contacted_on, outcome
    from {{ ref('stg_crm__outside_contacts') }}
)

select
    customer_id,
    cast(sum(case when outcome <> 'not_reached' and contacted_on > {{ plus_days(as_of(), -7) }} then 1 else 0 end) as integer) as reached_7d,
    cast(sum(case when outcome <> 'not_reached' and contacted_on > {{ plus_days(as_of(), -30) }} then 1 else 0 end) as integer) as reached_30d,
    cast(sum(case when outcome in ('not_interested', 'refused', 'do_not_contact') and contacted_on > {{ plus_days(as_of(), -30) }}
        then 1 else 0 end) as integer) as refusals_30d,
    max(case when outcome = 'do_not_contact' then true else false end) as asked_not_to_be_contacted,
    max(contacted_on) as last_contact_on,
    {{ as_of_column() }}
from contacts
where customer_id is not null and contacted_on > {{ plus_days(as_of(), -90) }} and contacted_on <= {{ as_of() }}
group by customer_id
