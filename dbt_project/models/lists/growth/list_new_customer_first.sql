-- list_new_customer_first 首面经营: who has just opened an account, and still lacks what a first meeting should bring?
--
-- Who: opened at most 7 days ago, or 30 where nobody has reached them yet, with a must-do known to be missing.
-- Order: how many must-dos are missing, the first money, who sent them.
{% call(rule) marketing_list() %}
with opened as (
    select
        labels.customer_id,
        labels.aum,
        labels.first_meeting_missing,
        labels.last_reached_on,
        labels.is_minor,
        customers.opened_on,
        customers.referrer_customer_id,
        {{ days_between(as_of(), 'customers.opened_on') }} as opened_days
    from {{ ref('customer_labels') }} as labels
    inner join {{ ref('stg_core__customers') }} as customers on labels.customer_id = customers.customer_id
)

select
    customer_id as subject_id,
    aum as stake_amount,
    {{ plus_days('opened_on', threshold('first_meeting_unreached_days')) }} as due_on,
    opened_on as relation_opened_on,
    opened_days,
    cast(length(first_meeting_missing) - length(replace(first_meeting_missing, ',', '')) + 1 as integer) as first_meeting_missing_count,
    referrer_customer_id is not null as is_referred
from opened
where first_meeting_missing is not null
    and not coalesce(is_minor, false)
    and (
        opened_days <= {{ threshold('first_meeting_days', rule) }}
        or (opened_days <= {{ threshold('first_meeting_unreached_days', rule) }} and coalesce(last_reached_on < opened_on, true))
    )
{% endcall %}
