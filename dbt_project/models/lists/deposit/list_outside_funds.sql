-- list_outside_funds 行外资金策反: who keeps money at another bank, and might keep more of it here?
--
-- Who: own-name money goes to or comes from another bank in at least three of six months, an estimate of at least
-- 30 000 there, and what is here stays: who is leaving is on 流失预警.
-- Order: estimate, direction of the flow, pay that lands elsewhere.
{% call(rule) marketing_list() %}
select
    customer_id as subject_id,
    outside_funds_estimate_amount as stake_amount,
    cast(null as date) as due_on
from {{ ref('customer_labels') }}
where outside_funds_estimate_amount >= {{ threshold('outside_funds_from', rule) }}
    and churn_stage in ('stable', 'not_rated')
{% endcall %}
