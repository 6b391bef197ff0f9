-- list_merchant_alert 商户预警: which merchant's settlement has fallen to yellow or worse?
--
-- Who: alert level 2 or above on the customer's weakest shop; suspicious merchants are left to risk control.
-- Order: level, base settlement, deposits kept here.
{% call(rule) marketing_list() %}
select
    customer_id as subject_id,
    merchant_base_amount - merchant_settlement_30d_amount as stake_amount,
    cast(null as date) as due_on
from {{ ref('customer_labels') }}
where merchant_alert_level >= {{ threshold('merchant_alert_from', rule) }} and not is_merchant_suspicious
{% endcall %}
