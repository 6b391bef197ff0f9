-- list_unused_limit 授信未用信: who was granted a limit and has drawn nothing of it?
--
-- Who: at least 10 000 to be drawn, nothing drawn for 60 days, nothing known against any loan (limits of firms count, so
-- the wider of our two measures).
-- Order: limit, use of the app in which it is drawn, drawings at this time of last year.
{% call(rule) marketing_list() %}
with last_year as (
    select customer_id, max(opened_on) as drew_last_year_on
    from {{ ref('stg_lending__loans') }}
    where facility_id is not null
        and opened_on between {{ plus_days(plus_months(as_of(), -12), -30) }} and {{ plus_days(plus_months(as_of(), -12), 30) }}
    group by customer_id
)

select
    labels.customer_id as subject_id,
    labels.unused_limit_amount as stake_amount,
    cast(null as date) as due_on,
    last_year.drew_last_year_on
from {{ ref('customer_labels') }} as labels
left join last_year on labels.customer_id = last_year.customer_id
where labels.unused_limit_amount >= {{ threshold('unused_limit_from', rule) }}
    and labels.unused_limit_days >= {{ threshold('unused_limit_days', rule) }}
    and coalesce(labels.is_credit_eligible_business, true)
{% endcall %}
