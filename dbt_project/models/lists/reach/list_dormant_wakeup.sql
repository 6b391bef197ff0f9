-- list_dormant_wakeup 睡眠唤醒: which sleeping customer has just stirred?
--
-- Who: dormant, with one own act or one incoming credit in the last 30 days.
-- Order: balance, how fresh the sign is, age.
{% call(rule) marketing_list() %}
select
    customer_id as subject_id,
    cast(null as decimal(18, 2)) as stake_amount,
    cast(null as date) as due_on
from {{ ref('customer_labels') }}
where is_dormant and has_sign_of_life
{% endcall %}
