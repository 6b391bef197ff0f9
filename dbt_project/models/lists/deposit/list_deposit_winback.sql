-- list_deposit_winback 流失挽回: whose money has gone within the year, and was worth going after?
--
-- Who: lost for at most 12 months, with a peak of at least 50 000 before.
-- Order: how fresh the loss is, the peak, products still here, why it left.
{% call(rule) marketing_list() %}
select
    customer_id as subject_id,
    greatest(churn_peak_before_loss_amount - aum, 0) as stake_amount,
    cast(null as date) as due_on,
    {{ days_between(as_of(), 'churn_lost_since_on') }} as lost_days
from {{ ref('customer_labels') }}
where churn_stage = 'lost'
    and churn_lost_since_on >= {{ plus_months(as_of(), '-' ~ threshold('deposit_winback_months', rule)) }}
    and churn_peak_before_loss_amount >= {{ threshold('deposit_winback_peak_from', rule) }}
{% endcall %}
