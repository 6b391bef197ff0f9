-- list_online_loan_whitelist 线上贷款白名单: whom has the bank approved for an online loan who has not taken it?
--
-- Who: a whitelist limit of at least 5 000 with a week to run, no online loan and no undrawn limit yet (that is another
-- list's), nothing known against credit.
-- Order: limit, age at which households spend most, internet loans seen, how many lists name the customer.
{% call(rule) marketing_list() %}
select
    customer_id as subject_id,
    whitelist_limit_amount as stake_amount,
    {{ plus_days(as_of(), 'whitelist_days_left') }} as due_on
from {{ ref('customer_labels') }}
where whitelist_limit_amount >= {{ threshold('online_loan_limit_from', rule) }}
    and whitelist_days_left >= {{ threshold('online_loan_days_left', rule) }}
    and not has_online_loan
    and not coalesce(has_unused_limit, false)
    and coalesce(is_credit_eligible_consumer, true)
{% endcall %}
