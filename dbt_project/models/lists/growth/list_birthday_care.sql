-- list_birthday_care 生日关怀: which of our best customers has a birthday in the next days?
--
-- Who: wealth tier and up, birthday within 7 days and not before the list is worked.
-- Order: tier, tenure, days left.
{% call(rule) marketing_list() %}
select
    customer_id as subject_id,
    cast(null as decimal(18, 2)) as stake_amount,
    {{ plus_days(as_of(), 'birthday_in_days') }} as due_on,
    {{ plus_days(as_of(), 'birthday_in_days') }} as birthday_on
from {{ ref('customer_labels') }}
where value_tier in ('wealth', 'platinum', 'diamond', 'private')
    and birthday_in_days <= {{ threshold('birthday_days', rule) }}
    and {{ plus_days(as_of(), 'birthday_in_days') }} >= {{ list_date() }}
{% endcall %}
