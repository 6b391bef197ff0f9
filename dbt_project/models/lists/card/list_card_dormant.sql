-- list_card_dormant 睡眠卡: whose credit card has been lying in a drawer for half a year?
--
-- Who: card stage dormant.
-- Order: limit, what the card was used for in the last year, balances here.
{% call(rule) marketing_list() %}
select
    customer_id as subject_id,
    cast(null as decimal(18, 2)) as stake_amount,
    cast(null as date) as due_on
from {{ ref('customer_labels') }}
where card_stage = 'dormant'
{% endcall %}
