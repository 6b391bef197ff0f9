-- list_deposit_outflow 流失预警: whose money is leaving, while there is still some to keep?
--
-- Who: churn stage watch, warning or critical.
-- Order: stage, one-day exit, base at stake, own-name outflow, tier.
{% call(rule) marketing_list() %}
select
    customer_id as subject_id,
    greatest(churn_base_avg90_amount - aum_avg_30d, 0) as stake_amount,
    cast(null as date) as due_on
from {{ ref('customer_labels') }}
where churn_stage in ('watch', 'warning', 'critical')
{% endcall %}
