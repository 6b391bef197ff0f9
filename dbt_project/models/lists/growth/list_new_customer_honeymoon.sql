-- list_new_customer_honeymoon 新客蜜月: which new customer is in a wave of the honeymoon, and short of the next step?
--
-- Who: in one of four waves of days after opening (5-10, 25-35, 55-65, 75-85), with less than 50 000 here. The next step
-- is the lowest of 1 000, 10 000 and 50 000 above what is here today.
-- Order: the gap to the step, pay, use of the app, the last wave.
{% call(rule) marketing_list() %}
with opened as (
    select
        labels.customer_id,
        labels.is_minor,
        labels.aum,
        case
            {%- for step in [1, 2, 3] %}
            when labels.aum < {{ threshold('honeymoon_step_' ~ step) }} then {{ threshold('honeymoon_step_' ~ step) }}
            {%- endfor %}
        end as step_amount,
        {{ days_between(as_of(), 'customers.opened_on') }} as opened_days
    from {{ ref('customer_labels') }} as labels
    inner join {{ ref('stg_core__customers') }} as customers on labels.customer_id = customers.customer_id
    where labels.is_new_customer
)

select
    customer_id as subject_id,
    step_amount - aum as stake_amount,
    cast(null as date) as due_on,
    opened_days,
    cast({{ wave('opened_days', rule) }} as integer) as honeymoon_wave,
    {{ money('step_amount') }} as honeymoon_step_amount,
    {{ money('step_amount - aum') }} as honeymoon_gap_amount
from opened
where {{ wave('opened_days', rule) }} is not null
    and step_amount is not null
    and not coalesce(is_minor, false)
{% endcall %}
