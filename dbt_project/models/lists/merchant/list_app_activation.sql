-- list_app_activation 手机银行激活: who has reason to use the mobile bank and does not?
--
-- Who: never signed up, or silent for 30 days, with assets or a loan here.
-- Order: balances, age, how often the customer still queues at the branch.
{% call(rule) marketing_list() %}
select
    customer_id as subject_id,
    cast(null as decimal(18, 2)) as stake_amount,
    cast(null as date) as due_on
from {{ ref('customer_labels') }}
where app_tier in ('never', 'asleep')
    and (aum >= {{ threshold('app_activation_aum_from', rule) }} or has_performing_loan)
{% endcall %}
